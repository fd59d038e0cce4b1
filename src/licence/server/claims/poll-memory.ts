import { monotonic } from '../../../runtime/clock.ts';

/**
 * Recent PENDING answers of this process: a node that polls too fast gets the same answer again without a database
 * query.
 */
export function createPollMemory() {
  const pending = new Map<string, number>();
  return {
    /** Whether this token was answered PENDING less than `ms` ago. */
    isEarly: (token: string, ms: number) => monotonic() - (pending.get(token) ?? Number.NEGATIVE_INFINITY) < ms,
    answeredPending(token: string): void {
      if (pending.size > 10_000) pending.clear();
      pending.set(token, monotonic());
    },
    forget: (token: string) => pending.delete(token),
  };
}

export type PollMemory = ReturnType<typeof createPollMemory>;
