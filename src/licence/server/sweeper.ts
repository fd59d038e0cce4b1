import { now, nowDate } from '../../runtime/clock.ts';
import { forgetOldClaims } from './claims/claims.ts';
import type { ServerContext } from './context.ts';
import { forgetOldEvents, forgetRemovedWebhooks } from './events/forget.ts';
import { recordEnds } from './events/record-ends.ts';
import { recordSilence } from './events/record-silence.ts';
import { newRequestId } from './ids.ts';
import { sweepOfflineFiles } from './offline/offline-files.ts';
import { endSeatless, freeSwept } from './seats/seats.ts';
import { type Activation, wasSwept } from './store/activations.ts';

/**
 * Finishes what a crash interrupted: an activation that was started and never finished is deleted and its seat
 * released; an ended one releases a seat that it still holds. (A TTL index would delete the activation and keep the
 * seat.) Every process may sweep at the same time; a node that returns with the same chosen id simply starts again.
 */
async function sweepUnfinished(context: ServerContext): Promise<number> {
  const before = new Date(now() - context.settings.pendingMs);
  let swept = 0;
  for (const unfinished of await context.db.activations.unfinishedBefore(before)) {
    if (await finish(context, unfinished, before)) swept += 1;
  }
  return swept;
}

async function finish(context: ServerContext, unfinished: Activation, before: Date): Promise<boolean> {
  const { activations, licences } = context.db;
  const { _id, licenceId, status } = unfinished;
  if (status === 'pending') {
    // Change the status first: an activation that is being resumed at this moment can then no longer become active.
    const end = { from: 'pending', to: 'expired', endedAt: nowDate() } as const;
    const flipped = await activations.end(_id, end, { unfinishedSince: { $lt: before } });
    if (flipped === null) return false;
    await endSeatless(context, unfinished);
  }
  if (status === 'pending' || wasSwept(unfinished)) {
    await freeSwept(context, unfinished, newRequestId());
    await activations.forget(_id);
  } else {
    await licences.pullSeat(licenceId, _id);
    await activations.settled(_id);
  }
  return true;
}

/** The sweeps are independent: one that fails does not stop the others. */
const sweeps = {
  'unfinished activations swept': sweepUnfinished,
  'ends of licences recorded': recordEnds,
  'silent nodes recorded': recordSilence,
  'seats of offline files freed': sweepOfflineFiles,
  'old claims deleted': forgetOldClaims,
  'old events deleted': forgetOldEvents,
  'removed endpoints deleted': forgetRemovedWebhooks,
};

async function sweep(context: ServerContext): Promise<void> {
  for (const [what, each] of Object.entries(sweeps)) {
    try {
      const count = await each(context);
      if (count > 0) context.log.info({ count }, what);
    } catch (error) {
      context.log.warn({ err: error, what }, 'sweep failed; the next one retries');
    }
  }
}

/** Sweeps repeatedly until the returned function is called; resolves when the last sweep has ended. */
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
