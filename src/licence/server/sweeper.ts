import { now, today } from '../../contracts/clock.ts';
import { audit, type ServerContext } from './context.ts';
import { newRequestId } from './ids.ts';

/**
 * Sweeps activations that were begun and never finished: their seat, if one was won, is given back. Every process may
 * sweep at the same time; a node that comes back with the same chosen id simply begins again.
 */
async function sweepPending(context: ServerContext): Promise<number> {
  const { activations, licences } = context.db;
  const before = new Date(now() - context.settings.pendingMs);
  let swept = 0;
  for (const pending of await activations.pendingBefore(before)) {
    // Flip first: an activation that is resumed at this moment can then no longer become active.
    const at = today();
    if ((await activations.end(pending._id, 'pending', 'expired', at, { pendingAt: { $lt: before } })) === null)
      continue;
    const pulled = await licences.pullSeat(pending.licenceId, pending._id);
    await activations.forget(pending._id);
    swept += 1;
    if (!pulled) continue;
    const about = { licenceId: pending.licenceId, activationId: pending._id, requestId: newRequestId() };
    await audit(context, { ...about, at, actor: 'sweeper', action: 'seat.expired', before: { status: 'pending' } });
  }
  return swept;
}

/** Sweeps again and again until the answer is called; resolves when the last sweep has ended. */
export function startSweeper(context: ServerContext): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    running = sweepPending(context).then(
      (swept) => {
        if (swept > 0) context.log.info({ swept }, 'unfinished activations swept');
      },
      (error: unknown) => context.log.warn({ err: error }, 'sweep failed; the next one tries again'),
    );
  }, context.settings.sweepMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
