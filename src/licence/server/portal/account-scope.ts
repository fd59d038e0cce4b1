import type { ServerContext } from '../context.ts';
import { Refusal } from '../refusal.ts';
import type { Activation } from '../store/activations.ts';
import type { Licence } from '../store/licence.ts';

/** Lookups within an account. Another account's id is refused exactly like one that does not exist. */

/** Throws SUBSCRIPTION_NOT_FOUND. */
export async function licenceOfAccount(context: ServerContext, account: string, licenceId: string): Promise<Licence> {
  const licence = await context.db.licences.find(licenceId);
  if (licence === null || licence.account !== account) throw new Refusal('SUBSCRIPTION_NOT_FOUND');
  return licence;
}

/** Throws INSTANCE_NOT_FOUND. */
export async function activationOfAccount(
  context: ServerContext,
  account: string,
  activationId: string,
): Promise<{ activation: Activation; licence: Licence }> {
  const activation = await context.db.activations.find(activationId);
  const licence = activation && (await context.db.licences.find(activation.licenceId));
  if (!activation || !licence || licence.account !== account) throw new Refusal('INSTANCE_NOT_FOUND');
  return { activation, licence };
}
