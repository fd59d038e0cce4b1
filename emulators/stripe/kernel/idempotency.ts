import { createHash } from 'node:crypto';
import type { Clock } from './clock.ts';
import type { Database } from './database.ts';
import { StripeError } from './errors.ts';

/**
 * Stripe's idempotency layer: the first answer of a key is stored, including errors of the work (500s too), and
 * returned again for the same request. Answers of requests that never began their work (validation, rate limit, another
 * one in flight) are not stored. Keys expire after 24 hours.
 */
export interface KeptAnswer {
  status: number;
  body: string;
  /** Id of the request that was answered first. */
  request: string;
}

export interface Idempotency {
  /** The stored answer of this key; 400 `idempotency_error` if it belongs to another request, 409 while in flight. */
  begin(call: Call): KeptAnswer | undefined;
  /** Stores the answer, in the running transaction if there is one. */
  keep(call: Call, answer: KeptAnswer): void;
  /** The request is no longer in flight. */
  end(key: string): void;
}

export interface Call {
  key: string;
  endpoint: string;
  body: string;
}

const keepSeconds = 24 * 3600;

export function createIdempotency(database: Database, clock: Clock): Idempotency {
  const inFlight = new Set<string>();
  const fingerprint = (call: Call) =>
    createHash('sha256')
      .update(`${call.endpoint}\n${[...new URLSearchParams(call.body)].map(String).sort().join('\n')}`)
      .digest('hex');
  return {
    begin: (call) => {
      if (inFlight.has(call.key)) {
        throw new StripeError(409, {
          type: 'invalid_request_error',
          code: 'idempotency_key_in_use',
          message: `There is currently another in-progress request using this Idempotency-Key (that probably means you submitted twice, and the other request is still going through): ${call.key}.`,
        });
      }
      database.run('DELETE FROM answers WHERE created <= ?', clock.seconds() - keepSeconds);
      const kept = database.row<KeptAnswer & { fingerprint: string; endpoint: string }>(
        'SELECT fingerprint, endpoint, status, body, request FROM answers WHERE key = ?',
        call.key,
      );
      if (kept && kept.fingerprint !== fingerprint(call)) {
        const same =
          kept.endpoint === call.endpoint ? 'with the same parameters' : `for the same endpoint (${kept.endpoint})`;
        throw new StripeError(400, {
          type: 'idempotency_error',
          message: `Keys for idempotent requests can only be used ${same} they were first used with. Try using a key other than '${call.key}' if you meant to execute a different request.`,
        });
      }
      if (!kept) inFlight.add(call.key);
      return kept;
    },
    keep: (call, answer) => {
      database.run(
        'INSERT OR REPLACE INTO answers (key, fingerprint, endpoint, status, body, request, created) VALUES (?, ?, ?, ?, ?, ?, ?)',
        call.key,
        fingerprint(call),
        call.endpoint,
        answer.status,
        answer.body,
        answer.request,
        clock.seconds(),
      );
    },
    end: (key) => {
      inFlight.delete(key);
    },
  };
}
