import { clientOf } from '../../../runtime/client-of.ts';
import { monotonic } from '../../../runtime/clock.ts';
import { Refusal } from '../refusal.ts';
import type { Settings } from '../settings.ts';

/**
 * Limits guessing of keys, tokens and secrets, counted per client (`clientOf`) in this process.
 *
 * Only failures count and only failures are refused: strangers behind the same address never stop a node whose secret
 * is right.
 */
export function createFailureLimit(
  settings: Pick<Settings, 'failuresPerMinute' | 'failureBlockMs'>,
  clock: () => number = monotonic,
) {
  const failures = new Map<string, { at: number[]; blockedUntil: number }>();

  function forget(now: number): void {
    for (const [client, seen] of failures) {
      if (seen.blockedUntil <= now && (seen.at.at(-1) ?? 0) < now - 60_000) failures.delete(client);
    }
  }

  return {
    /** Counts a failure; returns the refusal for the caller to throw: `refusal`, or RATE_LIMITED after too many. */
    failed(address: string, refusal: Refusal): Refusal {
      const now = clock();
      if (failures.size > 10_000) forget(now);
      const client = clientOf(address);
      const seen = failures.get(client) ?? { at: [], blockedUntil: 0 };
      failures.set(client, seen);
      if (seen.blockedUntil <= now) {
        seen.at = [...seen.at.filter((at) => at > now - 60_000), now];
        if (seen.at.length <= settings.failuresPerMinute) return refusal;
        seen.blockedUntil = now + settings.failureBlockMs;
        seen.at = [];
      }
      return new Refusal('RATE_LIMITED', 'Too many wrong keys, tokens or secrets from this address.', {
        retryAfterSec: Math.ceil((seen.blockedUntil - now) / 1000),
        limit: { most: settings.failuresPerMinute, windowSec: 60 },
      });
    },
  };
}

export type FailureLimit = ReturnType<typeof createFailureLimit>;

/** Limits checks per activation, counted in this process and only for checks with a valid secret. */
export function createCheckLimit(
  settings: Pick<Settings, 'checksPerMinute' | 'checkBurst'>,
  clock: () => number = monotonic,
) {
  const buckets = new Map<string, { tokens: number; at: number }>();
  const perMs = settings.checksPerMinute / 60_000;

  return {
    /** Throws RATE_LIMITED when the activation checks too often. */
    take(activationId: string): void {
      const now = clock();
      if (buckets.size > 100_000) {
        for (const [id, bucket] of buckets) {
          if (bucket.tokens + (now - bucket.at) * perMs >= settings.checkBurst) buckets.delete(id);
        }
      }
      const bucket = buckets.get(activationId) ?? { tokens: settings.checkBurst, at: now };
      const tokens = Math.min(settings.checkBurst, bucket.tokens + (now - bucket.at) * perMs);
      buckets.set(activationId, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
      if (tokens >= 1) return;
      throw new Refusal('RATE_LIMITED', 'This node checks too often.', {
        retryAfterSec: Math.ceil((1 - tokens) / perMs / 1000),
        limit: { most: settings.checksPerMinute, windowSec: 60 },
      });
    },
  };
}

export type CheckLimit = ReturnType<typeof createCheckLimit>;
