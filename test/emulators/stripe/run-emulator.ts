import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Stripe } from 'stripe';

const program = join(import.meta.dirname, '../../../emulators/stripe/main.ts');

export const secretKey = 'sk_test_freehold';
export const publishableKey = 'pk_test_freehold';
export const webhookSecret = 'whsec_freehold';
export const apiVersion = '2026-10-28.endive';

/** A Stripe client for this address as product code creates it; without retries, so that tests see every answer. */
export function clientOf(address: string, options: Partial<Stripe.StripeConfig> = {}, key = secretKey): Stripe {
  const { hostname, port } = new URL(address);
  return new Stripe(key, {
    apiVersion,
    host: hostname,
    port,
    protocol: 'http',
    telemetry: false,
    maxNetworkRetries: 0,
    ...options,
  });
}

/** The emulator as a separate process with its own database. */
export async function runEmulator({
  webhookUrl,
  fetch,
}: {
  webhookUrl?: string;
  fetch?: typeof globalThis.fetch;
} = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'stripe-emulator-'));
  let child: ChildProcess;
  let address = '';
  const start = async () => {
    address = '';
    child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
      env: {
        PATH: process.env.PATH,
        STRIPE_EMULATOR_DB: join(folder, 'stripe.sqlite'),
        STRIPE_SECRET_KEY: secretKey,
        STRIPE_PUBLISHABLE_KEY: publishableKey,
        STRIPE_EMULATOR_RETRY_BASE_MS: '50',
        STRIPE_EMULATOR_RETRY_CAP_MS: '200',
        FREEHOLD_LOG_LEVEL: 'error',
        ...(webhookUrl ? { STRIPE_EMULATOR_WEBHOOK_URL: webhookUrl, STRIPE_WEBHOOK_SECRET: webhookSecret } : {}),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: child.stdout! })) {
      address = JSON.parse(line).listening;
      break;
    }
    if (address === '') throw new Error('the emulator ended before it listened');
  };
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    return child.exitCode;
  };
  await start();
  const running = {
    get address() {
      return address;
    },
    get stripe() {
      return clientOf(address, fetch ? { httpClient: Stripe.createFetchHttpClient(fetch) } : {});
    },
    start,
    /** Ends the process with this signal and returns its exit code. */
    end,
    /** Calls a control of the emulator. */
    control: async (method: string, path: string, body?: unknown) => {
      const answer = await globalThis.fetch(`${address}/emulator/${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      const json = await answer.json();
      if (!answer.ok) throw new Error(`control ${path}: ${answer.status} ${JSON.stringify(json)}`);
      return json;
    },
    advance: (ms: number) => running.control('POST', 'clock', { advanceMs: ms }),
    [Symbol.asyncDispose]: async () => {
      await end('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return running;
}

export type RunningEmulator = Awaited<ReturnType<typeof runEmulator>>;

/** A browser's request with a publishable key: one form, one answer. */
export async function asBrowser(
  address: string,
  path: string,
  form: Record<string, string>,
): Promise<{
  status: number;
  body: Stripe.PaymentIntent & { error?: { type: string; code?: string; decline_code?: string; param?: string } };
}> {
  const answer = await fetch(`${address}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${publishableKey}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form),
  });
  return { status: answer.status, body: await answer.json() };
}

/** The form with which a browser pays with a new card. */
export function cardForm(number: string, clientSecret: string): Record<string, string> {
  return {
    client_secret: clientSecret,
    'payment_method_data[type]': 'card',
    'payment_method_data[card][number]': number,
    'payment_method_data[card][exp_month]': '12',
    'payment_method_data[card][exp_year]': '2044',
    'payment_method_data[card][cvc]': '123',
    return_url: 'https://shop.example/orders/1',
  };
}

/** Confirms the payment intent behind a client secret with this card. */
export function payAsBrowser(address: string, clientSecret: string, number: string) {
  const id = clientSecret.split('_secret_')[0];
  return asBrowser(address, `/v1/payment_intents/${id}/confirm`, cardForm(number, clientSecret));
}

/** A webhook receiver that checks every signature; `status` is its answer. */
export async function receiveWebhooks() {
  const received: Stripe.Event[] = [];
  const state = { status: 200, refused: 0 };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (state.status !== 200) {
      state.refused += 1;
      response.writeHead(state.status).end();
      return;
    }
    const signature = request.headers['stripe-signature'] as string;
    received.push(Stripe.webhooks.constructEvent(Buffer.concat(chunks), signature, webhookSecret));
    response.writeHead(200).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/stripe`,
    received,
    state,
    of: (type: string) => received.filter((event) => event.type === type),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The catalogue of one server plan: a plan and two add-ons per month, and Spanish VAT. */
export async function makeCatalogue(stripe: Stripe) {
  const make = async (name: string, amount: number) => {
    const product = await stripe.products.create({ name });
    return stripe.prices.create({
      product: product.id,
      currency: 'eur',
      unit_amount: amount,
      recurring: { interval: 'month' },
      lookup_key: name,
      transfer_lookup_key: true,
    });
  };
  const plan = await make('grow_local_monthly', 4999);
  const users = await make('user_monthly', 333);
  const support = await make('support_monthly', 2950);
  const vat = await stripe.taxRates.create({
    display_name: 'IVA',
    percentage: 21,
    inclusive: false,
    country: 'ES',
    tax_type: 'vat',
  });
  return { plan, users, support, vat };
}

/** A customer's unpaid first order of three items. */
export async function order(stripe: Stripe, params: Partial<Stripe.SubscriptionCreateParams> = {}) {
  const { plan, users, support, vat } = await makeCatalogue(stripe);
  const customer = await stripe.customers.create({ email: 'ada@example.com', name: 'Ada' });
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [
      { price: plan.id, metadata: { role: 'plan' } },
      { price: users.id, quantity: 3, metadata: { role: 'users' } },
      { price: support.id, metadata: { role: 'support' } },
    ],
    default_tax_rates: [vat.id],
    payment_behavior: 'default_incomplete',
    payment_settings: { save_default_payment_method: 'on_subscription', payment_method_types: ['card'] },
    billing_mode: { type: 'flexible' },
    metadata: { freehold_key: 'inst_1:op_1:create-subscription' },
    expand: ['latest_invoice.confirmation_secret'],
    ...params,
  });
  const invoice = subscription.latest_invoice as Stripe.Invoice;
  return { customer, subscription, invoice, clientSecret: invoice.confirmation_secret?.client_secret ?? '' };
}

/** The price of an order of `order`: 4999 + 3 × 333 + 2950, and 21 % of each line rounded separately. */
export const orderTotal = { subtotal: 8948, tax: 1050 + 210 + 620, total: 8948 + 1880 };
