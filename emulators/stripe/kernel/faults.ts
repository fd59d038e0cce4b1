import { z } from 'zod';

/** Stripe itself retries an event for three days; it can be resent by hand for thirty. */
const longestWebhookDelayMs = 30 * 24 * 3_600_000;

/**
 * Faults that a test or a demonstration sets by `POST /emulator/faults` and clears by `DELETE /emulator/faults`. They
 * are kept in memory: a restart clears them too.
 */
export const FaultOrder = z.strictObject({
  webhooks: z
    .strictObject({
      /** Webhooks queued from now on are never sent: all, or those of the named event types. */
      drop: z.union([z.literal(true), z.array(z.string())]).optional(),
      /** Each is sent twice. */
      duplicate: z.literal(true).optional(),
      /** Those queued within the same half second arrive newest first. */
      reorder: z.literal(true).optional(),
      /** Delay of each webhook by the emulator's clock; days pass when that clock is advanced. */
      delayMs: z.number().int().min(0).max(longestWebhookDelayMs).optional(),
    })
    .optional(),
  http: z
    .strictObject({
      method: z.enum(['GET', 'POST', 'DELETE']).optional(),
      /** Prefix of the request's path; every `/v1/` request if absent. */
      path: z.string().startsWith('/v1/').optional(),
      /**
       * 401, 403 and 429 refuse before anything happens: the key, its permission, too many requests. 500 answers an
       * error; a slow answer alone needs no status.
       */
      status: z.union([z.literal(500), z.literal(429), z.literal(403), z.literal(401)]).optional(),
      /** Whether a 500 comes instead of the work or after it was done and stored. */
      commit: z.enum(['before', 'after']).default('before'),
      /** How many requests it affects. */
      times: z.number().int().min(1).default(1),
      /** How long the request is delayed before anything happens. */
      delayMs: z.number().int().min(0).max(600_000).optional(),
    })
    .refine((fault) => fault.status !== undefined || fault.delayMs !== undefined, 'a status or a delay')
    .optional(),
});

export type HttpFault = NonNullable<z.output<typeof FaultOrder>['http']>;
export type WebhookFaults = NonNullable<z.output<typeof FaultOrder>['webhooks']>;

export interface Faults {
  webhooks: WebhookFaults;
  order(order: z.output<typeof FaultOrder>): void;
  clear(): void;
  /** The next fault for this request, counted as used. */
  take(request: { method: string; path: string }): HttpFault | undefined;
}

export function createFaults(): Faults {
  let http: HttpFault[] = [];
  const faults: Faults = {
    webhooks: {},
    order: (order) => {
      if (order.webhooks) faults.webhooks = order.webhooks;
      if (order.http) http.push(order.http);
    },
    clear: () => {
      faults.webhooks = {};
      http = [];
    },
    take: ({ method, path }) => {
      const struck = http.find(
        (fault) => (fault.method === undefined || fault.method === method) && path.startsWith(fault.path ?? '/v1/'),
      );
      if (!struck) return undefined;
      struck.times -= 1;
      http = http.filter((fault) => fault.times > 0);
      return struck;
    },
  };
  return faults;
}
