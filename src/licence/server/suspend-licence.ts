import { today } from '../../contracts/clock.ts';
import { type Actor, audit, type ServerContext } from './context.ts';
import { knownLicence } from './licences-admin.ts';
import { Refusal } from './refusal.ts';
import type { Licence } from './store/licences.ts';

/**
 * An operator stops a licence, whatever its standing is: nodes are refused at their next check and keep their seats. A
 * second time changes nothing. Throws SUBSCRIPTION_NOT_FOUND, LICENSE_REVOKED.
 */
export async function suspendLicence(
  context: ServerContext,
  licenceId: string,
  { reason }: { reason: string },
  by: Actor,
): Promise<Licence> {
  const suspended = { at: today(), reason };
  const still = { revokedAt: null, suspended: null };
  const before = await context.db.licences.change(licenceId, still, { $set: { suspended } });
  if (before !== null) {
    await audit(context, { ...by, at: suspended.at, action: 'license.suspended', licenceId, after: { reason } });
  }
  return settled(context, licenceId);
}

/** Lifts an operator's stop; nodes go on at their next check. Throws SUBSCRIPTION_NOT_FOUND, LICENSE_REVOKED. */
export async function reinstateLicence(context: ServerContext, licenceId: string, by: Actor): Promise<Licence> {
  const still = { revokedAt: null, suspended: { $ne: null } };
  const before = await context.db.licences.change(licenceId, still, { $set: { suspended: null } });
  if (before !== null) {
    const change = { before: before.suspended, after: null };
    await audit(context, { ...by, ...change, at: today(), action: 'license.reinstated', licenceId });
  }
  return settled(context, licenceId);
}

async function settled(context: ServerContext, licenceId: string): Promise<Licence> {
  const licence = await knownLicence(context, licenceId);
  if (licence.revokedAt !== null) throw new Refusal('LICENSE_REVOKED');
  return licence;
}
