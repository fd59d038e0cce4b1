import type { Limits } from '../protocol/verdict.ts';

/** Maximum number of counters in one check. */
const mostCounters = 32;

/**
 * The counters that a check may carry: whole numbers under names that the licence limits. Anything else that a product
 * passes in stays on the node, so neither a mistake nor free text is ever sent, and no check fails because of its
 * counters.
 */
export function allowedUsage(counters: unknown, limits: Limits): Record<string, number> | undefined {
  if (typeof counters !== 'object' || counters === null) return undefined;
  const allowed = Object.entries(counters)
    .filter(([name, count]) => Object.hasOwn(limits, name) && Number.isSafeInteger(count) && count >= 0)
    .slice(0, mostCounters);
  return allowed.length === 0 ? undefined : Object.fromEntries(allowed);
}
