/**
 * The Freehold Stripe emulator: a separate process that speaks Stripe's HTTP API (version 2026-10-28.endive) to the
 * real `stripe` package, so that the embedded platform accepts orders without any account. It is not Stripe, moves no
 * money, and says so in every answer (`server` and `x-stripe-emulator` headers).
 *
 * Start: `node emulators/stripe/main.ts`. When ready it prints one line on stdout,
 * `{"listening":"http://127.0.0.1:PORT"}`; its log goes to stderr. SIGTERM and SIGINT stop it. Its state is one SQLite
 * file with a write-ahead log; after a kill at any moment it continues from the last answered request, with pending
 * webhooks.
 *
 * Environment
 * - `STRIPE_EMULATOR_PORT`: 0 or absent takes a free one.
 * - `STRIPE_EMULATOR_DB`: path of the SQLite file; created if missing.
 * - `STRIPE_EMULATOR_WEBHOOK_URL` with `STRIPE_WEBHOOK_SECRET`: one endpoint for all events. More by
 *   `/v1/webhook_endpoints`.
 * - `STRIPE_SECRET_KEY`, `STRIPE_PUBLISHABLE_KEY`: the accepted keys; any `sk_test_…`, `pk_test_…` if absent.
 * - `STRIPE_EMULATOR_RETRY_BASE_MS` (500), `STRIPE_EMULATOR_RETRY_CAP_MS` (30000), `STRIPE_EMULATOR_RETRY_ATTEMPTS`
 *   (100): how unacknowledged webhooks are retried; delays double from base to cap.
 *
 * A browser pays by `POST /v1/payment_intents/<id>/confirm` with `Authorization: Bearer pk_test_…` and a form of
 * `client_secret`, `payment_method_data[type]=card`, `payment_method_data[card][number|exp_month|exp_year|cvc]` and
 * `return_url` (or an existing `payment_method=pm_…`). 402 is a refusal. Status `requires_action` carries
 * `next_action.redirect_to_url.url`, the bank's page: `GET /emulator/3ds/<id>`, answered by `POST` of the form
 * `answer=approve` or `answer=refuse`, which redirects to `return_url` (303) if there is one.
 *
 * Controls (JSON, `Content-Type: application/json`)
 * - `GET /emulator/clock` → `{now}`; `POST /emulator/clock {"advanceMs": n}` advances time: due events happen at their
 *   own time (an unpaid first invoice is voided after 23 hours).
 * - `POST /emulator/faults {"webhooks": {drop, duplicate, reorder, delayMs}, "http": {method, path, status, commit,
 *   times, delayMs}}` (see `kernel/faults.ts`), `DELETE /emulator/faults`.
 * - `GET /emulator/deliveries` → `{waiting}`: how many webhooks are pending.
 *
 * Card payments only: a new payment method type is a row of `flows/payment-method-types.ts`, a new resource a file in
 * `resources/` and a line in `resources.ts`. Tax is rounded per line (`flows/tax.ts`).
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { z } from 'zod';
import { createApi } from './kernel/api.ts';
import { createClock } from './kernel/clock.ts';
import type { Config } from './kernel/config.ts';
import type { Emulator } from './kernel/context.ts';
import { openDatabase } from './kernel/database.ts';
import { createDeliveries } from './kernel/deliveries.ts';
import { createFaults } from './kernel/faults.ts';
import { createIdempotency } from './kernel/idempotency.ts';
import { createHttpServer } from './kernel/server.ts';
import { createStore } from './kernel/store.ts';
import { runTimers } from './kernel/timers.ts';
import { createPages } from './pages.ts';
import { keepConfiguredEndpoint } from './resources/webhook-endpoints.ts';
import { resources } from './resources.ts';

const Environment = z
  .object({
    STRIPE_EMULATOR_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
    STRIPE_EMULATOR_DB: z.string().min(1),
    STRIPE_EMULATOR_WEBHOOK_URL: z.url().optional(),
    STRIPE_WEBHOOK_SECRET: z.string().startsWith('whsec_').optional(),
    STRIPE_SECRET_KEY: z.string().startsWith('sk_test_').optional(),
    STRIPE_PUBLISHABLE_KEY: z.string().startsWith('pk_test_').optional(),
    STRIPE_EMULATOR_RETRY_BASE_MS: z.coerce.number().int().positive().default(500),
    STRIPE_EMULATOR_RETRY_CAP_MS: z.coerce.number().int().positive().default(30_000),
    STRIPE_EMULATOR_RETRY_ATTEMPTS: z.coerce.number().int().positive().default(100),
  })
  .refine((given) => !given.STRIPE_EMULATOR_WEBHOOK_URL || given.STRIPE_WEBHOOK_SECRET, {
    error: 'STRIPE_EMULATOR_WEBHOOK_URL needs STRIPE_WEBHOOK_SECRET',
  });

const timersEveryMs = 1000;

const environment = Environment.parse(process.env);
const log = pino({ name: 'stripe-emulator', level: process.env.FREEHOLD_LOG_LEVEL ?? 'info' }, pino.destination(2));
const config: Config = {
  address: '',
  secretKey: environment.STRIPE_SECRET_KEY,
  publishableKey: environment.STRIPE_PUBLISHABLE_KEY,
  retryBaseMs: environment.STRIPE_EMULATOR_RETRY_BASE_MS,
  retryCapMs: environment.STRIPE_EMULATOR_RETRY_CAP_MS,
  retryAttempts: environment.STRIPE_EMULATOR_RETRY_ATTEMPTS,
};
const database = openDatabase(environment.STRIPE_EMULATOR_DB);
const clock = createClock(database);
const store = createStore(database);
const faults = createFaults();
const deliveries = createDeliveries({ config, database, clock, store, faults, log });
const emulator: Emulator = { config, database, store, clock, faults, deliveries, resources, log };
if (environment.STRIPE_EMULATOR_WEBHOOK_URL && environment.STRIPE_WEBHOOK_SECRET) {
  keepConfiguredEndpoint(emulator, {
    url: environment.STRIPE_EMULATOR_WEBHOOK_URL,
    secret: environment.STRIPE_WEBHOOK_SECRET,
  });
}

const server = createHttpServer({
  api: createApi(emulator, createIdempotency(database, clock)),
  pages: createPages(emulator),
  log,
});
server.listen(environment.STRIPE_EMULATOR_PORT, '127.0.0.1');
await once(server, 'listening');
config.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
runTimers(emulator);
const timers = setInterval(() => runTimers(emulator), timersEveryMs);

const stop = () => {
  clearInterval(timers);
  deliveries.stop();
  server.close(() => database.close());
  server.closeAllConnections();
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
process.stdout.write(`${JSON.stringify({ listening: config.address })}\n`);
