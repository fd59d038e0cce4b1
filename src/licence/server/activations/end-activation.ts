import { now, nowDate } from '../../../runtime/clock.ts';
import type { ReleaseRequest } from '../../protocol/requests.ts';
import { audit, auditNote } from '../audit.ts';
import type { Actor, Caller } from '../caller.ts';
import type { ServerContext } from '../context.ts';
import { secretHash } from '../keys/keys.ts';
import { Refusal } from '../refusal.ts';
import { freeSwept } from '../seats/seats.ts';
import { type Activation, wasSwept } from '../store/activations.ts';
import type { AuditNote } from '../store/outbox.ts';
import { judged } from './check.ts';

const hour = 3_600_000;

/**
 * A node releases its seat; repeating it changes nothing. Judges the secret as `check` does: refuses with
 * INSTANCE_NOT_FOUND, INVALID_SECRET, STALE_SECRET and CLONE_SUSPECTED. Once a copy was seen, only the holder of the
 * current secret can end the node, so that a copy cannot end the running one.
 */
export async function release(
  context: ServerContext,
  activationId: string,
  body: ReleaseRequest,
  caller: Caller,
): Promise<void> {
  const presented = { hash: secretHash(body.secret), requestId: body.requestId, bootId: body.bootId ?? null };
  const { activation, judgement } = await judged(context, activationId, presented, caller.address);
  if (judgement === 'stale') throw new Refusal('STALE_SECRET');
  const copied = judgement !== 'rotate' && activation.cloneSuspectedAt !== null;
  if (copied || judgement === 'clone') throw new Refusal('CLONE_SUSPECTED');
  await endActivation(context, activation, 'released', {
    actor: `activation:${activationId}`,
    requestId: caller.requestId,
  });
}

/**
 * An administrator ends a node and frees its seat; repeating it changes nothing. Refuses with INSTANCE_NOT_FOUND and,
 * when a licence has too many of these within one hour, RATE_LIMITED.
 */
export async function deactivate(context: ServerContext, activationId: string, by: Actor): Promise<Activation> {
  const activation = await context.db.activations.find(activationId);
  if (activation === null) throw new Refusal('INSTANCE_NOT_FOUND');
  if (activation.status === 'active') await limitDeactivations(context, activation.licenceId);
  await endActivation(context, activation, 'deactivated', by);
  return (await context.db.activations.find(activationId)) ?? activation;
}

/** A seat that is moved by hand all day serves more nodes than were paid for. */
async function limitDeactivations(context: ServerContext, licenceId: string): Promise<void> {
  const most = context.settings.deactivationsPerHour;
  const done = await context.db.activations.deactivatedSince(licenceId, new Date(now() - hour));
  if (done < most) return;
  throw new Refusal('RATE_LIMITED', 'Too many nodes of this licence were deactivated within one hour.', {
    retryAfterSec: 600,
    limit: { most, windowSec: hour / 1000 },
  });
}

/** Ends an activation, frees its seat and audits it; repeating it changes nothing. */
export async function endActivation(
  context: ServerContext,
  activation: Activation,
  to: 'released' | 'deactivated' | 'reduced',
  by: Actor,
): Promise<void> {
  const { activations, licences } = context.db;
  const { _id, licenceId } = activation;
  const at = nowDate();
  const about = { ...by, at, action: 'seat.released', licenceId, activationId: _id, after: { status: to } };
  let held: Activation | null = activation;
  let recorded: AuditNote | null = null;
  while (recorded === null && held !== null && (held.status === 'active' || held.status === 'pending')) {
    const note = auditNote({ ...about, before: { status: held.status } });
    if ((await activations.end(_id, { from: held.status, to, endedAt: at, note })) !== null) recorded = note;
    else held = await activations.find(_id);
  }
  // Also if it had ended before: a crash in between may have left the seat.
  if (held !== null && wasSwept(held)) await freeSwept(context, held, by.requestId);
  else await licences.pullSeat(licenceId, _id);
  await activations.settled(_id);
  if (recorded !== null) await audit(context, recorded);
}
