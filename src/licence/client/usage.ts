import type { Limits } from '../protocol/verdict.ts';

/** As many counters as one check may carry. */
const mostCounters = 32;

/**
 * The counters that a check may carry: whole numbers under names that the licence itself bounds. Whatever else a product
 * hands over stays on the node, so neither a slip nor a free text ever leaves it, and no check fails for its counters.
 */
export function allowedUsage(counters: unknown, limits: Limits): Record<string, number> | undefined {
  if (typeof counters !== 'object' || counters === null) return undefined;
  const allowed = Object.entries(counters)
    .filter(([name, count]) => Object.hasOwn(limits, name) && Number.isSafeInteger(count) && count >= 0)
    .slice(0, mostCounters);
  return allowed.length === 0 ? undefined : Object.fromEntries(allowed);
}
