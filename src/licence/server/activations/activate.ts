import { now, nowDate } from '../../../runtime/clock.ts';
import type { SeatGrant, SeatRequest } from '../../protocol/wire-names.ts';
import { audit, auditNote } from '../audit.ts';
import type { Caller } from '../caller.ts';
import type { ServerContext } from '../context.ts';
import { recordEventNow } from '../events/record-event.ts';
import { newActivationId } from '../ids.ts';
import { secretHash } from '../keys/keys.ts';
import { licenceStatus, statusDetail } from '../licences/licence-status.ts';
import { requireVersion } from '../perpetual/perpetual.ts';
import { Refusal } from '../refusal.ts';
import { nodeHolder, seatsInUse, supplyOf } from '../seats/seat-holders.ts';
import { freeSwept, holdsSeat, type NoSeat, winSeat } from '../seats/seats.ts';
import { type Activation, nodeKey, wasSwept } from '../store/activations.ts';
import type { Licence } from '../store/licence.ts';
import { type AuditNote, pushToOutbox } from '../store/outbox.ts';
import { keepLease, leaseFrom } from './lease.ts';
import { bootName, mayReceive } from './rotation.ts';
import { noteCopy } from './suspect-copy.ts';
import { planOf, signVerdict } from './verdicts.ts';

const hour = 3_600_000;

/**
 * Takes a seat of the licence for a node: pending activation, seat, active. Repeated with the same chosen id before the
 * first check, it returns the same answer, whatever was interrupted in between; but only to a few processes, because
 * hosts that share one chosen id are copies.
 *
 * Refuses with SUBSCRIPTION_NOT_ACTIVE, UNSUPPORTED_SOFTWARE_VERSION, UNKNOWN_RELEASE, CLUSTER_ID_MISMATCH,
 * SEAT_FLAPPING, ACTIVE_INSTANCES_CAPACITY_EXCEEDED, ALREADY_ACTIVATED, CLONE_SUSPECTED, RATE_LIMITED and, if the
 * licence was deleted meanwhile, SUBSCRIPTION_NOT_FOUND.
 */
export async function activate(
  context: ServerContext,
  proven: Licence,
  request: SeatRequest,
  by: Caller & { actor: string },
): Promise<{ grant: SeatGrant; created: boolean }> {
  const { activations, licences } = context.db;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const licence = attempt === 0 ? proven : await licences.find(proven._id);
    if (licence === null) throw new Refusal('SUBSCRIPTION_NOT_FOUND');
    requireActive(licence);
    await requireVersion(context, licence, request, by);
    const held = await activations.byChosenId(licence._id, request.chosenId);
    if (held !== null && wasSwept(held)) {
      // An interrupted sweep: finish it here, then the node starts over.
      await freeSwept(context, held, by.requestId);
      await activations.forget(held._id);
      continue;
    }
    if (held !== null && held.status !== 'pending') {
      const grant = await repeatedGrant(context, held, request, by);
      if (grant === null) continue;
      return { grant, created: false };
    }
    const pending = await beginOrResume(context, licence, request, held);
    if (pending === null) continue;
    const asked = await winSeat(context, pending, by.requestId);
    if (asked.outcome !== 'won') {
      await activations.forgetPending(pending);
      throw await refusalOf(context, asked, pending, by);
    }
    const granting = asked.licence;
    const note = auditNote({
      at: nowDate(),
      actor: by.actor,
      action: 'seat.claimed',
      requestId: by.requestId,
      licenceId: licence._id,
      activationId: pending._id,
      after: { node: pending.node.name, mode: pending.mode, seats: granting.seats.length },
    });
    const active = await finish(context, granting, pending, { bootId: request.bootId, note });
    if (active !== null) {
      if ((await licences.find(licence._id)) === null) {
        await activations.remove(active._id);
        throw new Refusal('SUBSCRIPTION_NOT_FOUND');
      }
      await audit(context, note);
      return { grant: await grantOf(context, granting, active, request.nonce), created: true };
    }
    // Swept or ended meanwhile, or the same request succeeded in parallel: only an active one owns the seat.
    const now = await activations.find(pending._id);
    if (now?.status !== 'active') await licences.pullSeat(licence._id, pending._id);
  }
  throw new Refusal('SERVICE_UNAVAILABLE', 'The activation met too many concurrent changes.', { retryAfterSec: 1 });
}

/** Throws SUBSCRIPTION_NOT_ACTIVE; its detail says what to do. */
export function requireActive(licence: Licence): void {
  const status = licenceStatus(licence, now());
  if (status !== 'ACTIVE') throw new Refusal('SUBSCRIPTION_NOT_ACTIVE', statusDetail(status, licence));
}

/** The same answer again; null if the activation changed meanwhile. Throws ALREADY_ACTIVATED, CLONE_SUSPECTED. */
async function repeatedGrant(
  context: ServerContext,
  held: Activation,
  request: SeatRequest,
  by: Caller,
): Promise<SeatGrant | null> {
  const licence = await context.db.licences.find(held.licenceId);
  const same = held.status === 'active' && held.secret.seq === 0 && held.nodeKey === nodeKey(request.node);
  if (!same || licence === null || !holdsSeat(licence, held._id)) throw new Refusal('ALREADY_ACTIVATED');
  const { bootId } = request;
  if (!mayReceive(held, bootId, context.settings.bootsPerSecret)) {
    await noteCopy(context, held, { kind: 'clone', hash: held.secret.hash, bootId }, by);
    throw new Refusal('CLONE_SUSPECTED', 'Several hosts have used this activation id.');
  }
  const kept = await keepLease(context, held, await planOf(context, licence), { issuedTo: bootId });
  return kept === null ? null : grantOf(context, licence, kept, request.nonce);
}

/** The pending activation of this request; null if a concurrent request was first and the state must be read again. */
async function beginOrResume(
  context: ServerContext,
  licence: Licence,
  request: SeatRequest,
  held: Activation | null,
): Promise<Activation | null> {
  const { activations } = context.db;
  const at = nowDate();
  if (held !== null) {
    if (held.nodeKey !== nodeKey(request.node)) throw new Refusal('ALREADY_ACTIVATED');
    // Later than before even within one millisecond, so that the call before this one cannot delete what is resumed.
    const unfinishedSince = new Date(Math.max(at.getTime(), (held.unfinishedSince?.getTime() ?? 0) + 1));
    return activations.change(
      held._id,
      { status: 'pending', unfinishedSince: held.unfinishedSince },
      { $set: { unfinishedSince } },
    );
  }
  await limitActivations(context, licence);
  const id = newActivationId();
  const fresh: Activation = {
    _id: id,
    licenceId: licence._id,
    product: licence.product,
    chosenId: request.chosenId,
    mode: request.mode,
    node: request.node,
    nodeKey: nodeKey(request.node),
    bootId: request.bootId,
    version: request.version,
    status: 'pending',
    secret: firstSecret(context, id, request.chosenId),
    previous: null,
    lastRoundReplayed: false,
    history: [],
    boots: [bootName(request.bootId)],
    leaseUntil: at,
    createdAt: at,
    unfinishedSince: at,
    activatedAt: null,
    endedAt: null,
    firstCheckAt: null,
    lastCheckAt: null,
    planRevSent: licence.planRev,
    usage: {},
    recoveries: [],
    cloneSuspectedAt: null,
  };
  return (await activations.insert(fresh)) ? fresh : null;
}

function firstSecret(context: ServerContext, activationId: string, chosenId: string): Activation['secret'] {
  const keyId = context.keys.rotationKeyId;
  const secret = context.keys.rotatedSecret({ keyId, activationId, seq: 0, requestId: chosenId });
  return { hash: secretHash(secret), seq: 0, requestId: chosenId, keyId };
}

async function limitActivations(context: ServerContext, licence: Licence): Promise<void> {
  const seats = licence.seatLimits.production + licence.seatLimits.development;
  const won = await context.db.activations.activatedSince(licence._id, new Date(now() - hour));
  const most = seats + context.settings.activationsPerHour;
  if (won < most) return;
  throw new Refusal('RATE_LIMITED', 'Too many nodes of this licence were activated within one hour.', {
    retryAfterSec: 600,
    limit: { most, windowSec: hour / 1000 },
  });
}

async function finish(
  context: ServerContext,
  licence: Licence,
  pending: Activation,
  { bootId, note }: { bootId: string | null; note: AuditNote },
): Promise<Activation | null> {
  const plan = await planOf(context, licence);
  const at = nowDate();
  return context.db.activations.change(
    pending._id,
    { status: 'pending' },
    {
      $set: {
        status: 'active',
        activatedAt: at,
        leaseUntil: leaseFrom(at, plan),
        planRevSent: licence.planRev,
        seenAt: at,
      },
      $unset: { unfinishedSince: 1 },
      // Another process of the node may have begun it.
      $addToSet: { boots: bootName(bootId) },
      ...pushToOutbox(
        { type: 'seat.claimed', key: '', at, details: { node: pending.node.name, mode: pending.mode } },
        note,
      ),
    },
  );
}

async function grantOf(
  context: ServerContext,
  licence: Licence,
  activation: Activation,
  nonce: string | undefined,
): Promise<SeatGrant> {
  const { keyId, seq, requestId } = activation.secret;
  const plan = await planOf(context, licence);
  const { verdict } = await signVerdict(context, { licence, plan, activation, seq, requestId, nonce });
  const secret = context.keys.rotatedSecret({ keyId, activationId: activation._id, seq, requestId });
  return { activationId: activation._id, secret, verdict };
}

async function refusalOf(
  context: ServerContext,
  asked: NoSeat,
  pending: Activation,
  by: Caller & { actor: string },
): Promise<Refusal> {
  switch (asked.outcome) {
    case 'gone':
      return new Refusal('SUBSCRIPTION_NOT_FOUND');
    case 'inactive': {
      const status = licenceStatus(asked.licence, now());
      return new Refusal(
        'SUBSCRIPTION_NOT_ACTIVE',
        status === 'ACTIVE' ? undefined : statusDetail(status, asked.licence),
      );
    }
    case 'other-cluster':
      return new Refusal('CLUSTER_ID_MISMATCH');
    case 'flapping':
      return flapping(context, asked, pending);
    case 'offline':
      return new Refusal(
        'OFFLINE_LICENSE_ALREADY_ISSUED',
        'An offline file of this cluster or machine is still valid.',
      );
    case 'full': {
      const { licence } = asked;
      const at = nowDate();
      await audit(
        context,
        auditNote({
          at,
          actor: by.actor,
          action: 'seat.limit-exceeded',
          requestId: by.requestId,
          licenceId: licence._id,
          after: { seats: licence.seats.length, limits: licence.seatLimits },
        }),
      );
      const details = { used: licence.seats.length, limits: licence.seatLimits };
      const key = at.toISOString().slice(0, 'YYYY-MM-DDTHH'.length);
      await recordEventNow(context, licence, { type: 'seat.limit-exceeded', key, at, details });
      return seatsInUse(context, licence, { mode: pending.mode });
    }
  }
}

/** Names the two that take the seat from each other, and what ends that. */
function flapping(
  context: ServerContext,
  { licence, holder, takeovers, againAt }: Extract<NoSeat, { outcome: 'flapping' }>,
  pending: Activation,
): Refusal {
  const holding = nodeHolder(context, holder);
  const minutes = Math.round(context.settings.takeoverWindowMs / 60_000);
  const sentences = [
    `The seat of "${pending.node.name}" changed hands ${takeovers} times within ${minutes} minutes.`,
    `${holding.instanceId}, ${placeOf(holder)}, holds it since ${holding.since}; this one is ${placeOf(pending)}.`,
    `Stop one of the two: this one gets the seat if it asks from ${againAt.toISOString()} on.`,
    `To run both, give them different names and have a seat for each. ${supplyOf(licence, pending.mode)}.`,
    'If it is one machine that starts again and again, keep its licence state between the starts.',
  ];
  return new Refusal('SEAT_FLAPPING', sentences.join(' '), {
    retryAfterSec: Math.max(1, Math.ceil((againAt.getTime() - now()) / 1000)),
    holders: [holding],
  });
}

function placeOf({ node, bootId }: Pick<Activation, 'node' | 'bootId'>): string {
  const boot = bootId === null ? 'a process that names no boot' : `boot "${bootId}"`;
  return node.hostname === undefined ? boot : `${boot} on host "${node.hostname}"`;
}
