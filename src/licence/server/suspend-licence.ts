import { today } from '../../contracts/clock.ts';
import { type Actor, audit, type ServerContext } from './context.ts';
import { knownLicence } from './licences-admin.ts';
import { Refusal } from './refusal.ts';
import type { Licence } from './store/licences.ts';
import { type News, telling } from './store/outbox.ts';

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
  const news: News = {
    type: 'license.suspended',
    key: suspended.at.toISOString(),
    at: suspended.at,
    details: { reason },
  };
  const update = { $set: { suspended }, ...telling(news) };
  const before = await context.db.licences.change(licenceId, still, update);
  if (before !== null) {
    await audit(context, { ...by, at: suspended.at, action: 'license.suspended', licenceId, after: { reason } });
  }
  return settled(context, licenceId);
}

/** Lifts an operator's stop; nodes go on at their next check. Throws SUBSCRIPTION_NOT_FOUND, LICENSE_REVOKED. */
export async function reinstateLicence(context: ServerContext, licenceId: string, by: Actor): Promise<Licence> {
  const still = { revokedAt: null, suspended: { $ne: null } };
  const at = today();
  const news: News = { type: 'license.reinstated', key: at.toISOString(), at, details: {} };
  const update = { $set: { suspended: null }, ...telling(news) };
  const before = await context.db.licences.change(licenceId, still, update);
  if (before !== null) {
    const change = { before: before.suspended, after: null };
    await audit(context, { ...by, ...change, at, action: 'license.reinstated', licenceId });
  }
  return settled(context, licenceId);
}

async function settled(context: ServerContext, licenceId: string): Promise<Licence> {
  const licence = await knownLicence(context, licenceId);
  if (licence.revokedAt !== null) throw new Refusal('LICENSE_REVOKED');
  return licence;
}
