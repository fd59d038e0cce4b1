import type { Settings } from '../settings.ts';

type RetrySettings = Pick<Settings, 'webhookFirstRetryMs' | 'webhookMaxRetryMs' | 'webhookSpanMs'>;

/**
 * When a failed delivery is attempted again, ms since the epoch; null when it is given up.
 *
 * The delay doubles with each attempt up to the maximum, times 0.75 to 1 so that recovering endpoints are not hit by
 * all at once. An endpoint may ask for a longer delay by Retry-After, up to the maximum. After the span the delivery is
 * given up.
 */
export function nextTry(
  delivery: { attempts: number; since: number },
  at: { now: number; random: number; retryAfterMs?: number },
  settings: RetrySettings,
): number | null {
  const doubled = settings.webhookFirstRetryMs * 2 ** Math.min(delivery.attempts - 1, 30);
  const delay = Math.min(doubled, settings.webhookMaxRetryMs) * (0.75 + at.random / 4);
  const asked = Math.min(at.retryAfterMs ?? 0, settings.webhookMaxRetryMs);
  const next = at.now + Math.max(delay, asked);
  return next > delivery.since + settings.webhookSpanMs ? null : next;
}

/** Retry-After as ms from now, given in seconds or as a date; undefined if absent or unreadable. */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : /^[A-Z]/i.test(header) ? Date.parse(header) - now : 0;
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}
