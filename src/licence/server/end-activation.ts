import { today } from '../../contracts/clock.ts';
import type { ReleaseRequest } from '../protocol/requests.ts';
import { judged } from './check.ts';
import { type Actor, audit, type Caller, type ServerContext } from './context.ts';
import { secretHash } from './keys.ts';
import { Refusal } from './refusal.ts';
import type { Activation } from './store/activations.ts';

/** The node gives its seat back; a second time changes nothing. Refuses as `check`, and copies with STALE_SECRET. */
export async function release(
  context: ServerContext,
  activationId: string,
  body: ReleaseRequest,
  caller: Caller,
): Promise<void> {
  const presented = { hash: secretHash(body.secret), requestId: undefined, bootId: null };
  const { activation, judgement } = await judged(context, activationId, presented, caller.address);
  if (judgement === 'stale') throw new Refusal('STALE_SECRET');
  await end(context, activation, 'released', { actor: `activation:${activationId}`, requestId: caller.requestId });
}

/** An administrator takes the seat from a node; a second time changes nothing. Throws INSTANCE_NOT_FOUND. */
export async function deactivate(context: ServerContext, activationId: string, by: Actor): Promise<Activation> {
  const activation = await context.db.activations.find(activationId);
  if (activation === null) throw new Refusal('INSTANCE_NOT_FOUND');
  await end(context, activation, 'deactivated', by);
  return (await context.db.activations.find(activationId)) ?? activation;
}

async function end(
  context: ServerContext,
  activation: Activation,
  to: 'released' | 'deactivated',
  by: Actor,
): Promise<void> {
  const { activations, licences } = context.db;
  const at = today();
  const ended = activation.status === 'active' ? await activations.end(activation._id, 'active', to, at) : null;
  // Also when it had ended before: a crash in between may have left the seat.
  const pulled = await licences.pullSeat(activation.licenceId, activation._id);
  if (ended === null && !pulled) return;
  await audit(context, {
    ...by,
    at,
    action: 'seat.released',
    licenceId: activation.licenceId,
    activationId: activation._id,
    before: { status: activation.status },
    after: { status: ended?.status ?? activation.status },
  });
}
