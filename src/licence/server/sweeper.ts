import { now, today } from '../../contracts/clock.ts';
import { forgetOldClaims } from './claims.ts';
import { audit, type ServerContext } from './context.ts';
import { forgetOldEvents } from './events/forget.ts';
import { tellEnds } from './events/tell-ends.ts';
import { tellSilence } from './events/tell-silence.ts';
import { newRequestId } from './ids.ts';
import { sweepOfflineFiles } from './offline-files.ts';

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

/** What is swept, each for itself: one that fails keeps none of the others from going on. */
const sweeps = {
  'unfinished activations swept': sweepPending,
  'ends of licences told': tellEnds,
  'silent nodes told': tellSilence,
  'seats of offline files freed': sweepOfflineFiles,
  'old claims forgotten': forgetOldClaims,
  'old events forgotten': forgetOldEvents,
};

async function sweep(context: ServerContext): Promise<void> {
  for (const [what, each] of Object.entries(sweeps)) {
    try {
      const count = await each(context);
      if (count > 0) context.log.info({ count }, what);
    } catch (error) {
      context.log.warn({ err: error, what }, 'sweep failed; the next one tries again');
    }
  }
}

/** Sweeps again and again until the answer is called; resolves when the last sweep has ended. */
export function startSweeper(context: ServerContext): () => Promise<void> {
  let running: Promise<void> | null = null;
  const timer = setInterval(() => {
    running ??= sweep(context).finally(() => {
      running = null;
    });
  }, context.settings.sweepMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
