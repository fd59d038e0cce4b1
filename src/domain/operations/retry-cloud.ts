import type { ReasonCode } from '../../contracts/reasons.ts';

/** How often and how soon a step is retried after a cloud error. */
interface RetryPolicy {
  /** Delay before the second attempt, ms; doubled for each further one. */
  firstMs: number;
  longestMs: number;
  /** Maximum attempts before an operator has to act. */
  tries: number;
}

const seconds = 1_000;
const minutes = 60 * seconds;

/**
 * Reasons not listed here follow the catalogue of reason codes. Credential errors are retried because each attempt is a
 * new process, which gets a new token where the cloud issues short-lived ones; if that does not help, an operator has
 * to act. A quota or a missing permission is never retried automatically: only people change them.
 */
const policies: Partial<Record<ReasonCode, RetryPolicy>> = {
  cloud_rate_limited: { firstMs: 15 * seconds, longestMs: 10 * minutes, tries: Number.POSITIVE_INFINITY },
  cloud_capacity: { firstMs: minutes, longestMs: 15 * minutes, tries: Number.POSITIVE_INFINITY },
  cloud_credentials_expired: { firstMs: 15 * seconds, longestMs: minutes, tries: 3 },
};

/**
 * Delay before the next attempt of a step that failed with a reason of the cloud, ms; `null` when an operator has to
 * act first, `undefined` where the reason has no policy. `attempt` is the failed attempt, from 1. A longer wait named
 * in the cloud's message is honoured.
 */
export function retryDelayMs(code: ReasonCode, attempt: number, message: string): number | null | undefined {
  const policy = policies[code];
  if (!policy) return undefined;
  if (attempt >= policy.tries) return null;
  const ownMs = Math.min(policy.firstMs * 2 ** Math.min(attempt - 1, 20), policy.longestMs);
  return Math.max(ownMs, askedDelayMs(message));
}

/** "Please try again after '5' minutes", "The call can be retried in 14 seconds", "Retry-After: 30". */
const quotedDelay = /(?:again after|retried in|retry[- ]after:?) '?(\d+)'? ?(minutes?)?/i;

function askedDelayMs(message: string): number {
  const found = quotedDelay.exec(message);
  return found ? Number(found[1]) * (found[2] ? minutes : seconds) : 0;
}
