import type { ReasonCode } from '../contracts/reasons.ts';

/** Which texts of a cloud, or of its provider, mean which reason. */
export interface ErrorRule {
  reason: ReasonCode;
  pattern: RegExp;
}

/**
 * Makes a cloud's `reasonOf`: the reason of the first rule that matches a message, null if none does. The order
 * matters, because clouds reuse words: missing capacity comes with status 500, a rate limit with "quota" in its text.
 */
export function recogniser(rules: readonly ErrorRule[]): (message: string) => ReasonCode | null {
  return (message) => rules.find(({ pattern }) => pattern.test(message))?.reason ?? null;
}
