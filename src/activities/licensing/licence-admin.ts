import { request } from 'undici';
import type { z } from 'zod';
import { ReasonError } from '../../contracts/reasons.ts';

export interface LicenceAdminOptions {
  serverUrl: string;
  adminToken: string;
}

const answerWithinMs = 10_000;

/**
 * Calls the licence server's internal API. Errors: `licence_server_unavailable` (retryable: no response, 429, 5xx, or
 * a response of an unexpected shape) and `licence_refused` with the server's code.
 */
export function createLicenceAdmin({ serverUrl, adminToken }: LicenceAdminOptions) {
  return async function ask<Schema extends z.ZodType>(
    method: 'GET' | 'PUT' | 'POST',
    path: string,
    schema: Schema,
    options: { body?: unknown; idempotencyKey?: string } = {},
  ): Promise<z.infer<Schema>> {
    let status: number;
    let answer: unknown;
    try {
      const response = await request(new URL(path, serverUrl), {
        method,
        headers: {
          authorization: `Bearer ${adminToken}`,
          ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(options.idempotencyKey ? { 'idempotency-key': options.idempotencyKey } : {}),
        },
        ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
        headersTimeout: answerWithinMs,
        bodyTimeout: answerWithinMs,
      });
      status = response.statusCode;
      const text = await response.body.text();
      answer = text === '' ? null : JSON.parse(text);
    } catch (error) {
      throw new ReasonError('licence_server_unavailable', (error as Error).message, { cause: error });
    }
    if (status === 429 || status >= 500) throw new ReasonError('licence_server_unavailable', `status ${status}`);
    if (status >= 400) {
      const code = (answer as { code?: unknown } | null)?.code;
      throw new ReasonError('licence_refused', `${path}: status ${status}, code ${String(code)}`);
    }
    const parsed = schema.safeParse(answer);
    if (!parsed.success) throw new ReasonError('licence_server_unavailable', `${path}: ${parsed.error.message}`);
    return parsed.data;
  };
}

export type LicenceAdmin = ReturnType<typeof createLicenceAdmin>;
