import type { ReasonCode } from '../../contracts/reasons.ts';

/** How often and how soon a step is tried again that a cloud refused. */
interface RetryPolicy {
  /** Wait before the second try, ms; doubled before each further one. */
  firstMs: number;
  longestMs: number;
  /** Tries in all before a person has to act. */
  tries: number;
}

const seconds = 1_000;
const minutes = 60 * seconds;

/**
 * What is not named here follows the catalogue of reasons alone. Credentials are tried again because every try is a
 * process of its own that takes a new token where the cloud hands out short-lived ones; if that does not help, nobody but
 * a person can. A quota and a missing permission are never tried again by themselves: only people change them.
 */
const policies: Partial<Record<ReasonCode, RetryPolicy>> = {
  cloud_rate_limited: { firstMs: 15 * seconds, longestMs: 10 * minutes, tries: Number.POSITIVE_INFINITY },
  cloud_capacity: { firstMs: minutes, longestMs: 15 * minutes, tries: Number.POSITIVE_INFINITY },
  cloud_credentials_expired: { firstMs: 15 * seconds, longestMs: minutes, tries: 3 },
};

/**
 * When a step that failed with a reason of the cloud is tried again, ms from now; `null` when a person has to act first,
 * `undefined` where the reason has no policy of its own. `attempt` is the try that failed, from 1. A wait that the
 * cloud's message names is honoured where it is longer.
 */
export function retryDelayMs(code: ReasonCode, attempt: number, message: string): number | null | undefined {
  const policy = policies[code];
  if (!policy) return undefined;
  if (attempt >= policy.tries) return null;
  const ownMs = Math.min(policy.firstMs * 2 ** Math.min(attempt - 1, 20), policy.longestMs);
  return Math.max(ownMs, askedDelayMs(message));
}

/** "Please try again after '5' minutes", "The call can be retried in 14 seconds", "Retry-After: 30". */
const asked = /(?:again after|retried in|retry[- ]after:?) '?(\d+)'? ?(minutes?)?/i;

function askedDelayMs(message: string): number {
  const found = asked.exec(message);
  return found ? Number(found[1]) * (found[2] ? minutes : seconds) : 0;
}
