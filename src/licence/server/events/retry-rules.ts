import type { Settings } from '../settings.ts';

type RetrySettings = Pick<Settings, 'webhookFirstRetryMs' | 'webhookMaxRetryMs' | 'webhookSpanMs'>;

/**
 * When a delivery that failed is tried again, ms since the epoch; null when it is given up.
 *
 * The delay doubles with each try up to the greatest one, times 0.75 to 1 so that endpoints that came back are not met
 * by all at once; an endpoint may ask for more by Retry-After, up to the greatest delay. After the span it is over.
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

/** Retry-After as ms from now, in seconds or as a date; undefined when there is none that can be read. */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : /^[A-Z]/i.test(header) ? Date.parse(header) - now : 0;
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}
