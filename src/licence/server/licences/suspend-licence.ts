import { now, nowDate } from '../../../runtime/clock.ts';
import { audit, auditNote } from '../audit.ts';
import type { Actor } from '../caller.ts';
import type { ServerContext } from '../context.ts';
import { Refusal } from '../refusal.ts';
import type { Licence } from '../store/licence.ts';
import { pushToOutbox } from '../store/outbox.ts';
import { licenceStatus } from './licence-status.ts';
import { knownLicence } from './licences-admin.ts';

/**
 * An operator stops a licence, whatever its standing: nodes are refused at their next check and keep their seats.
 * Repeating it changes nothing. Throws SUBSCRIPTION_NOT_FOUND, LICENSE_REVOKED.
 */
export async function suspendLicence(
  context: ServerContext,
  licenceId: string,
  { reason }: { reason: string },
  by: Actor,
): Promise<Licence> {
  const held = await usableLicence(context, licenceId);
  const at = nowDate();
  const event = { type: 'license.suspended', key: at.toISOString(), at, details: { reason } } as const;
  const wasActive = licenceStatus(held, now()) === 'ACTIVE';
  const note = auditNote({ ...by, at, action: 'license.suspended', licenceId, after: { reason } });
  const update = { $set: { suspended: { at, reason } }, ...pushToOutbox(wasActive ? event : null, note) };
  const before = await context.db.licences.change(licenceId, { revokedAt: null, suspended: null }, update);
  if (before !== null) await audit(context, note);
  return usableLicence(context, licenceId);
}

/**
 * Lifts an operator's stop; nodes may run again from their next check. Throws SUBSCRIPTION_NOT_FOUND, LICENSE_REVOKED.
 */
export async function reinstateLicence(context: ServerContext, licenceId: string, by: Actor): Promise<Licence> {
  const held = await usableLicence(context, licenceId);
  if (!held.suspended) return held;
  const at = nowDate();
  const key = held.suspended.at.toISOString();
  const event = { type: 'license.reinstated', key, at, details: {} } as const;
  const isActive = licenceStatus({ ...held, suspended: null }, now()) === 'ACTIVE';
  const change = { before: held.suspended, after: { suspended: null } };
  const note = auditNote({ ...by, ...change, at, action: 'license.reinstated', licenceId });
  const update = { $set: { suspended: null }, ...pushToOutbox(isActive ? event : null, note) };
  const still = { revokedAt: null, 'suspended.at': held.suspended.at };
  const before = await context.db.licences.change(licenceId, still, update);
  if (before !== null) await audit(context, note);
  return usableLicence(context, licenceId);
}

async function usableLicence(context: ServerContext, licenceId: string): Promise<Licence> {
  const licence = await knownLicence(context, licenceId);
  if (licence.revokedAt !== null) throw new Refusal('LICENSE_REVOKED');
  return licence;
}
