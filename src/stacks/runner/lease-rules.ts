import type { ForeignLease } from '../../store/stack-leases.ts';

/**
 * When a lease may change hands. Two runners must never write to one stack, so a lease that was not released is taken
 * over only from a holder that can no longer act:
 *
 * - `over`: the holder was on this machine and every process of its session is gone. That is proof, so the lease is
 *   free at once, without waiting for its expiry. A process belongs to its session for life unless it starts its own,
 *   which neither the engine nor a provider does (plugins get process groups, not sessions); nobody else can join it;
 *   the kernel gives its number to no other process while a member is alive; the leader's start time tells a later
 *   process with the same number apart; and the machine's name covers boot, process id namespace and user, so this
 *   process would see them all. Requests that a dead process had already sent, a create or a state file on the wire,
 *   are beyond its control on any clock: after every takeover recovery waits as long as the cloud may take to list a
 *   new object before it reads state and list.
 * - `alive`: on this machine, not proven gone. The lease has to expire, plus the margin; then the session is killed.
 * - `elsewhere`: only time counts. The holder kills itself well before the lease expires, and the margin covers that.
 */
export type HolderSession = 'over' | 'alive' | 'elsewhere';

export function judgeLease(
  { lease, databaseNow }: Pick<ForeignLease, 'databaseNow'> & { lease: { renewedAt: Date; holdsMs: number } },
  { session, marginMs }: { session: HolderSession; marginMs: number },
): 'wait' | 'kill' | 'take' {
  if (session === 'over') return 'take';
  const expired = databaseNow - lease.renewedAt.getTime() > lease.holdsMs + marginMs;
  if (!expired) return 'wait';
  return session === 'alive' ? 'kill' : 'take';
}

/**
 * Whether the holder of a lease may still write, for readers that take no lease: by time alone, wherever the holder
 * is.
 */
export function mayHolderWrite(held: ForeignLease, marginMs: number): boolean {
  return judgeLease(held, { session: 'elsewhere', marginMs }) === 'wait';
}

/** Whether a holder must end itself: it has not renewed for `lostMs`, both on its own monotonic clock, ms. */
export function isLeaseLost(clock: { now: number; renewedAt: number; lostMs: number }): boolean {
  return clock.now - clock.renewedAt > clock.lostMs;
}
