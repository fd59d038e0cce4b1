import type { ReasonCode } from '../contracts/reasons.ts';

/** Which words of a cloud, or of its provider, stand for which reason. */
export interface ErrorRule {
  reason: ReasonCode;
  pattern: RegExp;
}

/**
 * Makes a cloud's `reasonOf`: the reason of the first rule that a message fits, null when it fits none. The order counts,
 * because clouds reuse words: a capacity that is lacking comes with status 500, a rate limit with "quota" in its text.
 */
export function recogniser(rules: readonly ErrorRule[]): (message: string) => ReasonCode | null {
  return (message) => rules.find(({ pattern }) => pattern.test(message))?.reason ?? null;
}
