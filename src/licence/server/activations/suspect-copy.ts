import { nowDate } from '../../../runtime/clock.ts';
import { audit, auditNote } from '../audit.ts';
import type { Caller } from '../caller.ts';
import type { ServerContext } from '../context.ts';
import type { Activation } from '../store/activations.ts';
import { pushToOutbox } from '../store/outbox.ts';

/**
 * Records that a copy of a node was refused, so that a member can decide which of the two continues. Each refusal is
 * audited; the event `clone.suspected` is recorded once until somebody decides.
 */
export async function noteCopy(
  context: ServerContext,
  activation: Activation,
  { kind, hash, bootId }: { kind: 'clone' | 'stale'; hash: string; bootId: string | null },
  caller: Caller,
): Promise<void> {
  const at = nowDate();
  const refusedCopy = { hash, bootId, address: caller.address, at };
  const details = { node: activation.node.name, kind };
  const { activations } = context.db;
  const note = auditNote({
    at,
    actor: `activation:${activation._id}`,
    action: kind === 'clone' ? 'clone.suspected' : 'clone.stale-secret',
    requestId: caller.requestId,
    licenceId: activation.licenceId,
    activationId: activation._id,
    before: { bootId: activation.bootId },
    after: { refusedBootId: bootId, refusedAddress: caller.address },
  });
  const first = await activations.change(
    activation._id,
    { cloneSuspectedAt: null },
    {
      $set: { cloneSuspectedAt: at, refusedCopy },
      ...pushToOutbox({ type: 'clone.suspected', key: at.toISOString(), at, details }, note),
    },
  );
  if (first === null) {
    const again = { $set: { cloneSuspectedAt: at, refusedCopy }, ...pushToOutbox(note) };
    await activations.change(activation._id, {}, again);
  }
  await audit(context, note);
}
