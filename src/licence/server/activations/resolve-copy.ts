import { nowDate } from '../../../runtime/clock.ts';
import { audit, auditNote } from '../audit.ts';
import type { Actor } from '../caller.ts';
import type { ServerContext } from '../context.ts';
import { Refusal } from '../refusal.ts';
import { type Activation, historyLength } from '../store/activations.ts';
import { type OutboxEvent, outboxPush, pushToOutbox } from '../store/outbox.ts';
import { bootName } from './rotation.ts';

/**
 * Decides which of two hosts with the same licence state continues. The server cannot know: the first to check kept the
 * identity, a member decides.
 *
 * - running: the host that holds it continues; the other stays refused.
 * - refused: the other one continues from its next check, with the state it has; the host that held it is refused from
 *   then on, because its state is now the older one. If both were given the same secret, the first to check keeps it.
 *
 * Throws NO_COPY_SUSPECTED, LICENSE_CHANGED.
 */
export async function keepOne(
  context: ServerContext,
  activation: Activation,
  keep: 'running' | 'refused',
  by: Actor,
): Promise<Activation> {
  const { cloneSuspectedAt, refusedCopy, secret, previous } = activation;
  if (activation.status !== 'active' || cloneSuspectedAt === null || !refusedCopy) {
    throw new Refusal('NO_COPY_SUSPECTED');
  }
  const resolved = { cloneSuspectedAt: null, refusedCopy: null };
  const old = [previous?.hash, secret.hash].filter((hash) => hash !== undefined);
  const at = nowDate();
  const details = { node: activation.node.name, kept: keep };
  const event: OutboxEvent = { type: 'clone.resolved', key: at.toISOString(), at, details };
  const note = auditNote({
    ...by,
    at,
    action: 'clone.resolved',
    licenceId: activation.licenceId,
    activationId: activation._id,
    before: { running: { bootId: activation.bootId }, refused: { bootId: refusedCopy.bootId } },
    after: { kept: keep },
  });
  const boots = [bootName(refusedCopy.bootId)];
  const sameSecret = refusedCopy.hash === secret.hash;
  const update =
    keep === 'running' || sameSecret
      ? { $set: { ...resolved, ...(keep === 'refused' && { boots }) }, ...pushToOutbox(event, note) }
      : {
          $set: {
            ...resolved,
            // Its own request id is not the one that derived this secret, so nothing can be replayed from here.
            secret: { ...secret, hash: refusedCopy.hash, seq: secret.seq + 1, requestId: by.requestId },
            boots,
            previous: null,
            lastRoundReplayed: false,
            bootId: refusedCopy.bootId,
          },
          $push: {
            history: { $each: old.filter((hash) => hash !== refusedCopy.hash), $slice: -historyLength },
            ...outboxPush([event, note]),
          },
        };
  const still = { status: 'active', cloneSuspectedAt, 'refusedCopy.hash': refusedCopy.hash };
  const held = keep === 'running' ? {} : { 'secret.hash': secret.hash };
  const kept = await context.db.activations.change(activation._id, { ...still, ...held }, update);
  if (kept === null) throw new Refusal('LICENSE_CHANGED', 'The nodes checked at the same moment.');
  await audit(context, note);
  return kept;
}
