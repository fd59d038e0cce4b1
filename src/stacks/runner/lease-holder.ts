import { randomUUID } from 'node:crypto';
import mongoose from 'mongoose';
import { ReasonError } from '../../contracts/reasons.ts';
import { monotonic } from '../../runtime/clock.ts';
import { type HeldLease, type LeaseHolder, type StackLease, stackLeaseStore } from '../../store/stack-leases.ts';
import { identify, isSessionOver, killSession, machineName, signalProcess, signalSession } from '../processes.ts';
import { type HolderSession, isLeaseLost, judgeLease } from './lease-rules.ts';
import type { RunnerSettings } from './settings.ts';

/**
 * The runner's side of the lease: acquired before anything is touched, renewed while it works, released at the end. A
 * runner that cannot renew kills its whole session before another one may begin.
 */
export interface Lease {
  /** False if the previous work did not end cleanly, or that is unknown: recovery must run. */
  clean: boolean;
  /** Releases the lease; `settled` says that no recovery is needed. */
  release(how: { settled: boolean }): Promise<void>;
}

export interface LeaseManager {
  /** Throws `stack_busy` while another runner works on the stack, `records_unreachable` while the database is down. */
  acquire(stack: string): Promise<Lease>;
}

/** Connects at once, so that the connection is open when the first request arrives. */
export function openLeaseManager(settings: RunnerSettings): LeaseManager {
  const options = { maxPoolSize: 2, autoIndex: false, serverSelectionTimeoutMS: 5_000 };
  const connection = mongoose.createConnection();
  const connect = () => connection.openUri(settings.MONGODB_URI, options);
  const first = connect();
  // `acquire` retries; a prewarmed runner that never works has nobody to report to.
  first.catch(() => undefined);
  const leases = stackLeaseStore(connection);
  const myself = identify(process.pid);
  const holder: LeaseHolder = {
    owner: randomUUID(),
    host: machineName(),
    sid: process.pid,
    startTime: myself?.startTime ?? '',
    holdsMs: settings.FREEHOLD_LEASE_MS,
  };

  function sessionOf(lease: StackLease): HolderSession {
    if (lease.host !== holder.host) return 'elsewhere';
    return isSessionOver({ pid: lease.sid, startTime: lease.startTime }) ? 'over' : 'alive';
  }

  async function take(stack: string): Promise<HeldLease> {
    await first.catch(connect);
    for (;;) {
      const answer = await leases.acquire(stack, holder);
      if ('owner' in answer) return answer;
      const { lease } = answer;
      const session = sessionOf(lease);
      switch (judgeLease(answer, { session, marginMs: settings.FREEHOLD_LEASE_MARGIN_MS })) {
        case 'wait':
          throw new ReasonError('stack_busy', `held by session ${lease.sid} on ${lease.host}`);
        case 'kill':
          await killSession(lease.sid);
          break;
        case 'take':
          break;
      }
      const held = await leases.takeOver(answer, holder);
      if (held) return held;
    }
  }

  return {
    async acquire(stack) {
      let renewedAt = monotonic();
      const held = await take(stack).catch((error: unknown) => {
        if (error instanceof ReasonError) throw error;
        throw new ReasonError('records_unreachable', error instanceof Error ? error.message : '', { cause: error });
      });
      const endIfLost = () => {
        if (isLeaseLost({ now: monotonic(), renewedAt, lostMs: settings.FREEHOLD_LEASE_LOST_MS })) endSession();
      };
      const renewing = setInterval(async () => {
        const startedAt = monotonic();
        try {
          if (await leases.renew(held)) renewedAt = startedAt;
          else endSession();
        } catch {
          // The next tick retries, until the lease counts as lost.
        }
      }, settings.FREEHOLD_LEASE_RENEW_MS);
      const checking = setInterval(endIfLost, Math.min(1_000, settings.FREEHOLD_LEASE_RENEW_MS));
      return {
        clean: held.clean,
        async release(how) {
          clearInterval(renewing);
          clearInterval(checking);
          await leases.release(held, how);
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
