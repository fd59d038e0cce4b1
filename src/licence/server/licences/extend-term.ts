import { now, nowDate } from '../../../runtime/clock.ts';
import { audit, auditNote } from '../audit.ts';
import type { Actor } from '../caller.ts';
import type { ServerContext } from '../context.ts';
import { Refusal } from '../refusal.ts';
import type { Licence } from '../store/licence.ts';
import { type OutboxEvent, pushToOutbox } from '../store/outbox.ts';
import { statusDetail } from './licence-status.ts';
import { knownLicence } from './licences-admin.ts';
import { standingEvents } from './standing-events.ts';

/**
 * Extends a subscription to a later end; an ended one runs again. An earlier moment changes nothing. Later pushes of
 * the control plane apply as usual. Throws SUBSCRIPTION_NOT_FOUND, INVALID_LICENSE_CHECK_REQUEST, LICENSE_REVOKED,
 * SUBSCRIPTION_NOT_ACTIVE, LICENSE_CHANGED.
 */
export async function extendTerm(context: ServerContext, licenceId: string, until: Date, by: Actor): Promise<Licence> {
  const held = await knownLicence(context, licenceId);
  requireExtendable(held, until);
  const { standing, revision, paidUntil, endsAt } = held.standing;
  const term = {
    paidUntil: paidUntil !== null && paidUntil >= until ? paidUntil : until,
    endsAt: endsAt !== null && endsAt < until ? until : endsAt,
  };
  if (Number(term.paidUntil) === Number(paidUntil) && Number(term.endsAt) === Number(endsAt)) return held;
  const still = { revokedAt: null, 'standing.revision': revision, 'standing.endsAt': endsAt };
  const at = nowDate();
  const next = { standing, revision, ...term };
  const { event, endRecorded } = standingEvents(held, next, at);
  const details = { paidUntil: term.paidUntil.toISOString(), endsAt: term.endsAt?.toISOString() ?? null };
  const renewed: OutboxEvent = { type: 'license.renewed', key: `term-${Number(until)}`, at, details };
  const others = event.filter(({ type }) => type !== 'license.renewed').map((one) => ({ ...one, key: renewed.key }));
  const change = { before: { paidUntil, endsAt }, after: term };
  const note = auditNote({ ...by, ...change, at, action: 'license.renewed', licenceId });
  const update = {
    $set: { standing: next, endRecorded: endRecorded ?? null },
    ...pushToOutbox(renewed, ...others, note),
  };
  const before = await context.db.licences.change(licenceId, still, update);
  if (before === null) throw new Refusal('LICENSE_CHANGED');
  await audit(context, note);
  return knownLicence(context, licenceId);
}

function requireExtendable(licence: Licence, until: Date): void {
  if (licence.revokedAt !== null) throw new Refusal('LICENSE_REVOKED');
  if (licence.kind === 'perpetual') {
    throw new Refusal('INVALID_LICENSE_CHECK_REQUEST', 'A perpetual licence is extended by years of updates.');
  }
  if (until.getTime() <= now()) throw new Refusal('INVALID_LICENSE_CHECK_REQUEST', 'until is not in the future.');
  const { standing } = licence.standing;
  if (standing === 'terminated') throw new Refusal('SUBSCRIPTION_NOT_ACTIVE', statusDetail('EXPIRED', licence));
  if (standing === 'refunded') throw new Refusal('SUBSCRIPTION_NOT_ACTIVE', statusDetail('REVOKED', licence));
}
