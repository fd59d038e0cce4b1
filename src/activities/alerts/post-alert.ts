import { Webhook } from 'standardwebhooks';
import { request } from 'undici';
import { ReasonError } from '../../contracts/reasons.ts';
import { nowDate } from '../../runtime/clock.ts';

/** Body of a webhook: a type, when it happened, and the document. */
export interface AlertBody {
  type: 'incident.opened' | 'incidents.open';
  timestamp: string;
  data: object;
}

/** Posts one message to one address. Errors: `alert_not_taken` (retryable). */
export type PostAlert = (url: string, message: { id: string; body: AlertBody }) => Promise<void>;

/** Timeout of one attempt, ms. */
const timeoutMs = 10_000;

/**
 * Posts as Standard Webhooks specifies (https://www.standardwebhooks.com), signed with this secret (`whsec_…`). Every
 * answer but 2xx is a failure; redirects are not followed and answers not read.
 */
export function createPostAlert(secret: string | undefined): PostAlert {
  return async (url, { id, body }) => {
    if (secret === undefined) throw new Error('webhooks need a secret');
    const text = JSON.stringify(body);
    const at = nowDate();
    const status = await statusOf(
      url,
      {
        'content-type': 'application/json',
        'user-agent': 'Freehold-Alerts/1',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': new Webhook(secret).sign(id, at, text),
      },
      text,
    );
    if (status < 200 || status >= 300) throw new ReasonError('alert_not_taken', `HTTP ${status}`);
  };
}

async function statusOf(url: string, headers: Record<string, string>, body: string): Promise<number> {
  try {
    const answer = await request(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(timeoutMs) });
    // The body is not needed; a long one must not keep the connection open.
    answer.body.on('error', () => undefined).destroy();
    return answer.statusCode;
  } catch (error) {
    const { code, name } = error as { code?: string; name?: string };
    throw new ReasonError('alert_not_taken', code ?? name, { cause: error });
  }
}
