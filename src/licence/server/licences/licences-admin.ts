import { createHash } from 'node:crypto';
import { now, nowDate } from '../../../runtime/clock.ts';
import type {
  ActivationView,
  EntitlementsPush,
  IssueLicence,
  LicenceList,
  LicenceView,
  RevokeLicence,
  StandingPush,
} from '../../protocol/admin.ts';
import type { SeatMode } from '../../protocol/requests.ts';
import { planOf, seatsUsed } from '../activations/verdicts.ts';
import { audit, auditNote } from '../audit.ts';
import type { Actor } from '../caller.ts';
import type { ServerContext } from '../context.ts';
import { newLicenceId } from '../ids.ts';
import { heldKey, keyTextOf } from '../keys/stored-keys.ts';
import { updatesUntil } from '../perpetual/fallback.ts';
import { perpetualRight, perpetualView } from '../perpetual/perpetual.ts';
import { knownPlan } from '../products/products-admin.ts';
import { Refusal } from '../refusal.ts';
import { endSeatChange } from '../seats/change-seats.ts';
import { reduceSeats } from '../seats/reduce-seats.ts';
import { holdsSeat } from '../seats/seats.ts';
import type { Activation } from '../store/activations.ts';
import type { HeldStanding, Licence } from '../store/licence.ts';
import type { OutboxEvent } from '../store/outbox.ts';
import { effectiveEntitlements } from './entitlements.ts';
import { licenceStatus } from './licence-status.ts';
import { standingEvents } from './standing-events.ts';

/** The control plane's calls for licences. Every call may be repeated; each change is audited. */

/** Issues a licence, once per idempotency key. Throws IDEMPOTENCY_CONFLICT, UNKNOWN_PRODUCT_OR_PLAN. */
export async function issueLicence(
  context: ServerContext,
  request: IssueLicence,
  call: Actor & { idempotencyKey: string },
): Promise<{ licence: Licence; licenceKey: string | undefined; created: boolean }> {
  // The standing has its own revision, so a repeated call may bring a newer one.
  const { revealKey, standing: _, ...body } = request;
  const plan = await knownPlan(context, request.product, request.plan, request.addOns);
  const requestHash = createHash('sha256').update(canonicalJson(body)).digest('base64url');
  const id = newLicenceId();
  const perpetual = perpetualRight(request, plan);
  const at = nowDate();
  const fresh: Licence = {
    _id: id,
    product: request.product,
    plan: request.plan,
    kind: perpetual === null ? 'subscription' : 'perpetual',
    perpetual,
    updatesEnd: perpetual && updatesUntil(perpetual.window),
    externalRef: request.externalRef,
    account: request.account ?? null,
    idempotencyKey: call.idempotencyKey,
    requestHash,
    ...heldKey(context, plan, { _id: id, keyGeneration: 0 }),
    standing: heldStanding(request.standing),
    revokedAt: null,
    revokedReason: null,
    entitlementsRevision: 0,
    planRev: 1,
    planDataRevision: plan.revision,
    addOns: request.addOns,
    limits: request.limits,
    features: request.features,
    seatLimits: { production: request.seats, development: request.developmentSeats },
    seats: [],
    createdAt: at,
  };
  const status = licenceStatus(fresh, at.getTime());
  const issued = { plan: request.plan, seats: fresh.seatLimits, kind: fresh.kind, status };
  const event = { key: '', at, details: issued };
  const { actor, requestId } = call;
  const { product, externalRef, account, standing } = request;
  const optional = { ...(account && { account }), ...(request.perpetual && { perpetual: request.perpetual }) };
  const what = { product, plan: request.plan, externalRef, standing, ...optional };
  const note = auditNote({ actor, requestId, licenceId: id, at, action: 'license.created', after: what });
  fresh.outbox = [
    { ...event, type: 'license.created' },
    ...(status === 'ACTIVE' ? [{ ...event, type: 'license.activated' as const }] : []),
    note,
  ];
  const created = await context.db.licences.insert(fresh);
  const licence = created ? fresh : await context.db.licences.byIdempotencyKey(call.idempotencyKey);
  if (licence === null) throw new Error('The licence is a duplicate, but its idempotency key is unknown.');
  if (licence.requestHash !== requestHash) throw new Refusal('IDEMPOTENCY_CONFLICT');
  if (created) await audit(context, note);
  const licenceKey = revealKey ? keyTextOf(context, licence) : undefined;
  return { licence, licenceKey, created };
}

/** Applies a standing with a higher revision than the current one; otherwise changes nothing. */
export async function pushStanding(
  context: ServerContext,
  licenceId: string,
  push: StandingPush,
  by: Actor,
): Promise<Licence> {
  const standing = heldStanding(push);
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const held = await knownLicence(context, licenceId);
    // Also if the standing was known: a crash may have interrupted this.
    if (held.standing.revision >= standing.revision) return reducedSeats(context, held, by.requestId);
    const at = nowDate();
    const change = {
      before: { ...held.standing, status: licenceStatus(held, at.getTime()) },
      after: { ...standing, status: licenceStatus({ ...held, standing }, at.getTime()) },
    };
    const note = auditNote({ ...by, ...change, at, action: 'license.standing', licenceId });
    const { event, endRecorded } = standingEvents(held, standing, at);
    const licence = await context.db.licences.pushStanding(held, standing, { endRecorded, items: [...event, note] });
    if (licence === null) continue;
    await audit(context, note);
    return reducedSeats(context, licence, by.requestId);
  }
  throw tooManyChanges();
}

async function reducedSeats(context: ServerContext, licence: Licence, requestId: string): Promise<Licence> {
  return (await reduceSeats(context, licence, requestId)) ? knownLicence(context, licence._id) : licence;
}

/**
 * Applies entitlements with a higher revision than the current one, after a change of seats that is being paid;
 * otherwise changes nothing. Throws LICENSE_REVOKED, and SERVICE_UNAVAILABLE while that change cannot be finished.
 */
export async function pushEntitlements(
  context: ServerContext,
  licenceId: string,
  push: EntitlementsPush,
  by: Actor,
): Promise<Licence> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const held = await knownLicence(context, licenceId);
    const plan = await knownPlan(context, held.product, push.plan, push.addOns);
    if (held.revokedAt !== null) throw new Refusal('LICENSE_REVOKED');
    if (held.entitlementsRevision >= push.revision) return held;
    if (held.seatChange) {
      await endSeatChange(context, held, by.requestId);
      continue;
    }
    const at = nowDate();
    const { plan: oldPlan, addOns, limits, features, seatLimits } = held;
    const change = { before: { plan: oldPlan, addOns, limits, features, seatLimits }, after: push };
    const note = auditNote({ ...by, ...change, at, action: 'license.plan-changed', licenceId });
    const items = [...entitlementEvents(held, push, at), note];
    const licence = await context.db.licences.pushEntitlements(held, push, plan.revision, items);
    if (licence === null) continue;
    await audit(context, note);
    return licence;
  }
  throw tooManyChanges();
}

function tooManyChanges(): Refusal {
  return new Refusal('SERVICE_UNAVAILABLE', 'The licence met too many concurrent changes.', { retryAfterSec: 1 });
}

/** Events of new entitlements: the change itself, and one for each kind of seat that more nodes use than it has. */
function entitlementEvents(held: Licence, push: EntitlementsPush, at: Date): OutboxEvent[] {
  const { revision, plan, seats, developmentSeats, addOns } = push;
  const key = String(revision);
  const details = { before: held.plan, plan, seats: { production: seats, development: developmentSeats }, addOns };
  const changed: OutboxEvent = { type: 'license.plan-changed', key, at, details };
  const over = Object.entries(details.seats).flatMap(([mode, limit]): OutboxEvent[] => {
    const used = seatsUsed(held, mode as SeatMode);
    if (used <= limit) return [];
    return [{ type: 'seat.over-limit', key: `${mode}-${key}`, at, details: { mode, used, limit } }];
  });
  return [changed, ...over];
}

/** Ends a licence for good: seats free, nodes refused at their next check, enrolments closed. */
export async function revokeLicence(
  context: ServerContext,
  licenceId: string,
  { reason }: RevokeLicence,
  by: Actor,
): Promise<Licence> {
  const held = await knownLicence(context, licenceId);
  const at = nowDate();
  const event: OutboxEvent = { type: 'license.revoked', key: '', at, details: { reason } };
  const change = { before: { seats: held.seats.length }, after: { reason } };
  const note = auditNote({ ...by, ...change, at, action: 'license.revoked', licenceId });
  const before = await context.db.licences.revoke(licenceId, at, reason, [event, note]);
  // Also if it was revoked before: a crash may have interrupted the rest.
  await context.db.activations.endAll(licenceId, 'revoked', at);
  await context.db.enrolments.close({ licenceId }, at);
  if (before !== null) await audit(context, note);
  return knownLicence(context, licenceId);
}

export async function knownLicence(context: ServerContext, licenceId: string): Promise<Licence> {
  const licence = await context.db.licences.find(licenceId);
  if (licence === null) throw new Refusal('SUBSCRIPTION_NOT_FOUND');
  return licence;
}

/** A page of the licences that are not revoked, for comparison with the sold ones. */
export async function listLicences(context: ServerContext, after: string, limit: number): Promise<LicenceList> {
  const licences = await context.db.licences.page(after, limit);
  return {
    licenses: licences.map((licence) => ({
      licenseId: licence._id,
      externalRef: licence.externalRef,
      status: licenceStatus(licence, now()),
      createdAt: licence.createdAt.toISOString(),
    })),
    next: licences.length === limit ? licences.at(-1)!._id : null,
  };
}

function heldStanding(push: StandingPush): HeldStanding {
  const date = (text: string | null) => (text === null ? null : new Date(text));
  return {
    standing: push.standing,
    revision: push.revision,
    paidUntil: date(push.paidUntil),
    endsAt: date(push.endsAt),
  };
}

/** JSON with sorted members, so that equal requests have equal hashes however they are written. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, member) =>
    member !== null && typeof member === 'object' && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

/** The licence as the control plane sees it, with its activations. */
export async function licenceView(context: ServerContext, licence: Licence, licenceKey?: string): Promise<LicenceView> {
  const plan = await planOf(context, licence);
  const activations = await context.db.activations.ofLicence(licence._id);
  const { standing, revision, paidUntil, endsAt } = licence.standing;
  const seats = (mode: SeatMode) => ({ limit: licence.seatLimits[mode], used: seatsUsed(licence, mode) });
  return {
    licenseId: licence._id,
    ...(licenceKey === undefined ? {} : { licenseKey: licenceKey }),
    keyLast4: licence.keyLast4,
    product: licence.product,
    plan: licence.plan,
    kind: licence.kind,
    externalRef: licence.externalRef,
    account: licence.account ?? null,
    status: licenceStatus(licence, now()),
    suspended: licence.suspended ? { at: licence.suspended.at.toISOString(), reason: licence.suspended.reason } : null,
    standing: { standing, revision, paidUntil: iso(paidUntil), endsAt: iso(endsAt) },
    entitlementsRevision: licence.entitlementsRevision,
    planRev: licence.planRev,
    addOns: licence.addOns,
    ...effectiveEntitlements(plan.data, licence),
    seats: { production: seats('production'), development: seats('development') },
    perpetual: await perpetualView(context, licence),
    createdAt: licence.createdAt.toISOString(),
    revokedAt: iso(licence.revokedAt),
    activations: activations.map((activation) => activationView(licence, activation)),
  };
}

export function activationView(licence: Licence, activation: Activation): ActivationView {
  return {
    instanceId: activation._id,
    activationId: activation.chosenId,
    nodeName: activation.node.name,
    clusterId: activation.node.clusterId ?? null,
    mode: activation.mode,
    status: activation.status,
    holdsSeat: holdsSeat(licence, activation._id),
    version: activation.version,
    activatedAt: iso(activation.activatedAt),
    firstCheckAt: iso(activation.firstCheckAt),
    lastCheckAt: iso(activation.lastCheckAt),
    leaseUntil: iso(activation.leaseUntil),
    planRev: activation.planRevSent,
    cloneSuspectedAt: iso(activation.cloneSuspectedAt),
  };
}

function iso(date: Date | null): string | null {
  return date === null ? null : date.toISOString();
}
