import { randomUUID } from 'node:crypto';
import mongoose from 'mongoose';
import { monotonic } from '../../contracts/clock.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import { type ForeignLease, type HeldLease, type LeaseHolder, stackLeaseStore } from '../../store/stack-leases.ts';
import { identify, isSessionOver, killSession, machineName, signalProcess, signalSession } from '../processes.ts';
import type { RunnerSettings } from './settings.ts';

/**
 * The runner's side of the lease: taken before anything is touched, renewed while it works, given back at the end. A
 * runner that cannot renew ends its whole session at once, before anybody else may begin.
 */
export interface Lease {
  /** False when a former holder did not end cleanly: recovery must run. */
  clean: boolean;
  release(): Promise<void>;
}

export interface LeaseDesk {
  /** Throws `stack_busy` while another runner works on the stack. */
  acquire(stack: string): Promise<Lease>;
}

/** Connects at once, so that the connection stands when the first request comes. */
export function openLeaseDesk(settings: RunnerSettings): LeaseDesk {
  const connection = mongoose.createConnection(settings.MONGODB_URI, {
    maxPoolSize: 2,
    autoIndex: false,
    serverSelectionTimeoutMS: 5_000,
  });
  const ready = connection.asPromise();
  // Reported by `acquire`; a warm runner that never works has nobody to tell.
  ready.catch(() => undefined);
  const leases = stackLeaseStore(connection);
  const myself = identify(process.pid);
  const holder: LeaseHolder = {
    owner: randomUUID(),
    host: machineName(),
    sid: process.pid,
    startTime: myself?.startTime ?? '',
  };

  /** Whether the other holder can do nothing any more. On this machine that is proven, else only time tells. */
  async function isHarmless({ lease, expired }: ForeignLease): Promise<boolean> {
    if (lease.host !== holder.host) return expired;
    const leader = { pid: lease.sid, startTime: lease.startTime };
    if (isSessionOver(leader)) return true;
    if (!expired) return false;
    await killSession(lease.sid);
    return true;
  }

  async function take(stack: string): Promise<HeldLease> {
    await ready;
    for (;;) {
      const answer = await leases.acquire(stack, holder);
      if ('owner' in answer) return answer;
      if (!(await isHarmless(answer))) {
        throw new ReasonError('stack_busy', `held by session ${answer.lease.sid} on ${answer.lease.host}`);
      }
      const held = await leases.takeOver(answer, holder);
      if (held) return held;
    }
  }

  return {
    async acquire(stack) {
      const held = await take(stack);
      let renewedAt = monotonic();
      const renewing = setInterval(async () => {
        if (monotonic() - renewedAt > settings.FREEHOLD_LEASE_LOST_MS) endSession();
        const begun = monotonic();
        try {
          if (await leases.renew(held)) renewedAt = begun;
          else endSession();
        } catch {
          // The next tick tries again, until the lease counts as lost.
        }
      }, settings.FREEHOLD_LEASE_RENEW_MS);
      const watching = setInterval(
        () => {
          if (monotonic() - renewedAt > settings.FREEHOLD_LEASE_LOST_MS) endSession();
        },
        Math.min(1_000, settings.FREEHOLD_LEASE_RENEW_MS),
      );
      return {
        clean: held.clean,
        async release() {
          clearInterval(renewing);
          clearInterval(watching);
          await leases.release(held);
        },
      };
    },
  };
}

/** Kills every process of this session, the runner itself last. */
function endSession(): never {
  while (signalSession(process.pid, 'SIGKILL', process.pid) > 0);
  signalProcess(process.pid, 'SIGKILL');
  process.exit(1);
}
