import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Agent, type Dispatcher, request } from 'undici';
import { now, nowDate } from '../../../runtime/clock.ts';
import type { EventBody } from '../../protocol/events.ts';
import type { Settings } from '../settings.ts';
import type { LicenceEvent } from '../store/events.ts';
import { retryAfterMs } from './retry-rules.ts';
import { AddressNotAllowed, addressFault, publicLookup } from './safe-address.ts';

/** The result of one attempt; `outcome` is the HTTP status or a word. */
export interface Outcome {
  delivered: boolean;
  outcome: string;
  /** The endpoint answered that it is gone for good (410). */
  gone: boolean;
  retryAfterMs: number | undefined;
}

/** How much of an answer is read, in bytes. */
const longestAnswer = 4096;

export type Sender = ReturnType<typeof createSender>;

/**
 * Sends events as Standard Webhooks specifies (https://www.standardwebhooks.com): headers webhook-id, webhook-timestamp
 * and webhook-signature `v1,…`, one signature for each valid secret. Follows no redirect, uses no answer body, and
 * ends within the time limit whatever the endpoint does.
 */
export function createSender(settings: Pick<Settings, 'webhookAllowPrivate' | 'webhookTimeoutMs'>) {
  const timeoutMs = settings.webhookTimeoutMs;
  const agent = new Agent({
    connect: { timeout: timeoutMs, ...(settings.webhookAllowPrivate ? {} : { lookup: publicLookup }) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    keepAliveTimeout: 1000,
  });

  return {
    async send(url: string, event: LicenceEvent, secrets: string[]): Promise<Outcome> {
      if (addressFault(url, settings.webhookAllowPrivate) !== null) return failed('ADDRESS_NOT_ALLOWED');
      const body = JSON.stringify(bodyOf(event));
      const at = nowDate();
      try {
        const answer = await request(url, {
          dispatcher: agent,
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'user-agent': 'Freehold-Webhooks/1',
            'webhook-id': event._id,
            'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
            'webhook-signature': secrets
              .map((secret) => new StandardWebhook(secret).sign(event._id, at, body))
              .join(' '),
          },
          body,
          signal: AbortSignal.timeout(timeoutMs),
        });
        return outcomeOf(answer);
      } catch (error) {
        return failed(outcomeFor(error));
      }
    },
    close: () => agent.close(),
  };
}

function bodyOf(event: LicenceEvent): EventBody {
  const { type, at, licenceId, product, externalRef, activationId, details } = event;
  return {
    type,
    timestamp: at.toISOString(),
    data: { licenseId: licenceId, product, externalRef, instanceId: activationId, details },
  };
}

function outcomeOf(answer: Dispatcher.ResponseData): Outcome {
  // Nobody needs the body. A short one is read to its end, so that the connection serves the next event; a long one is
  // cut off, and so is one that fails or takes longer than the time limit.
  answer.body.on('error', () => undefined);
  answer.body.dump({ limit: longestAnswer }).catch(() => answer.body.destroy());
  const { statusCode, headers } = answer;
  const header = headers['retry-after'];
  const redirect = statusCode >= 300 && statusCode < 400;
  return {
    delivered: statusCode >= 200 && statusCode < 300,
    outcome: redirect ? 'REDIRECT' : String(statusCode),
    gone: statusCode === 410,
    retryAfterMs: retryAfterMs(typeof header === 'string' ? header : null, now()),
  };
}

function failed(outcome: string): Outcome {
  return { delivered: false, outcome, gone: false, retryAfterMs: undefined };
}

/** Never the error's own text: it may contain text from the remote side. */
function outcomeFor(error: unknown): string {
  if (error instanceof AddressNotAllowed || (error as { cause?: unknown }).cause instanceof AddressNotAllowed) {
    return 'ADDRESS_NOT_ALLOWED';
  }
  const { name, code } = error as { name?: string; code?: string };
  const late = ['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'];
  return name === 'TimeoutError' || late.includes(code ?? '') ? 'TIMEOUT' : 'CONNECTION';
}
