import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { pino } from 'pino';
import { createApi } from '../../src/api/api.ts';
import type { ApiDeps } from '../../src/api/deps.ts';
import { createStreams } from '../../src/api/events/stream.ts';
import { createTail } from '../../src/api/events/tail.ts';
import { newAccountKeys } from '../../src/api/keys/account-keys.ts';
import { createLicenceTokens } from '../../src/api/licence-tokens.ts';
import { makeQuote } from '../../src/api/orders/make-quote.ts';
import { createOrderStarts } from '../../src/api/orders/start-orders.ts';
import type { Workflows } from '../../src/api/workflows.ts';
import { type ApiConfig, apiConfig } from '../../src/config.ts';
import type { AcceptedOrder, OrderRequest } from '../../src/contracts/api/orders.ts';
import { type Quote, QuoteRequest } from '../../src/contracts/api/quotes.ts';
import type { Catalogue } from '../../src/contracts/catalogue.ts';
import { emailKey } from '../../src/contracts/email.ts';
import type { ReasonCode } from '../../src/contracts/reasons.ts';
import { catalogue } from '../../src/domain/catalogue/catalogue-data.ts';
import type { OutgoingMail } from '../../src/mail/sender.ts';
import type { OrderRecord } from '../../src/store/records.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { startDatabase } from './database.ts';

export const webhookSecret = 'whsec_test_0123456789abcdef';
export const operatorToken = 'operator-token-for-tests';

/** One key set for all APIs of a test file, as the processes of one installation share theirs. */
const accountKeys = JSON.stringify(newAccountKeys());

/** Configuration with its defaults, except limits that would disturb unrelated tests. */
export function testConfig(change: Partial<ApiConfig> = {}): ApiConfig {
  return {
    ...apiConfig({
      MONGODB_URI: 'unused',
      STRIPE_SECRET_KEY: 'sk_test_1',
      STRIPE_PUBLISHABLE_KEY: 'pk_test_1',
      STRIPE_API_BASE: 'http://127.0.0.1:1',
      STRIPE_WEBHOOK_SECRET: webhookSecret,
      FREEHOLD_PUBLIC_URL: 'http://127.0.0.1:8000',
      FREEHOLD_SIGNING_KEY: 'quote-key-of-the-tests',
      FREEHOLD_OPERATOR_TOKEN: operatorToken,
      FREEHOLD_ACCOUNT_KEYS: accountKeys,
      LICENCE_SERVER_URL: 'http://127.0.0.1:8100',
      SMTP_URL: 'smtp://127.0.0.1:1',
      TEMPORAL_UI_URL: 'http://127.0.0.1:8233',
    }),
    FREEHOLD_HOLDS_PER_IP: 1_000,
    FREEHOLD_REQUESTS_PER_MINUTE_PER_IP: 100_000,
    FREEHOLD_REQUESTS_PER_MINUTE_PER_ACCOUNT: 100_000,
    ...change,
  };
}

/** Workflows that only record their calls; a test overrides the ones it is about. */
export function notedWorkflows(change: Partial<Workflows> = {}) {
  const calls: { call: string; args: unknown[] }[] = [];
  const note =
    <Result>(call: string, result: Result) =>
    async (...args: unknown[]): Promise<Result> => {
      calls.push({ call, args });
      return result;
    };
  const workflows: Workflows = {
    startInstance: note('startInstance', undefined),
    signalPayment: note('signalPayment', true),
    signalSubscription: note('signalSubscription', undefined),
    cancel: note('cancel', { operationId: 'op_0000000000000000' }),
    decide: note('decide', { operationId: 'op_0000000000000000' }),
    startLatePayment: note('startLatePayment', undefined),
    startCorrection: note('startCorrection', undefined),
    request: note('request', { operationId: 'op_0000000000000000' }),
    startReconcile: note('startReconcile', undefined),
    reconcileReport: note('reconcileReport', null),
    startCloudCheck: note('startCloudCheck', undefined),
    cloudCheckReport: note('cloudCheckReport', null),
    ping: note('ping', undefined),
    pageOf: (workflowId) => `http://127.0.0.1:8233/${encodeURIComponent(workflowId)}`,
    ...change,
  };
  return { workflows, calls };
}

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many kinds
  body: any;
}

export interface Call {
  body?: unknown;
  /** Sent unchanged, instead of `body`. */
  raw?: string;
  headers?: Record<string, string>;
}

export interface TestApi {
  url: string;
  /** Its database; another API may use it too. */
  databaseUri: string;
  store: Store;
  deps: ApiDeps;
  mails: OutgoingMail[];
  /** Sends a request and checks the answer against the OpenAPI document that the server serves. */
  call(method: string, path: string, options?: Call): Promise<Answer>;
  close(): Promise<void>;
}

interface ApiChange {
  config?: Partial<ApiConfig>;
  workflows?: Workflows;
  payments?: ApiDeps['payments'];
  mail?: ApiDeps['mail'];
  tail?: { intervalMs?: number; overlapMs?: number };
}

/** An API with its own database for the tests of one file. */
export function useApi(change: ApiChange = {}): TestApi {
  const api = {} as TestApi;
  let end = async () => {};
  beforeAll(async () => {
    const { uri, stop } = await startDatabase();
    end = stop;
    Object.assign(api, await startApi(uri, change));
  });
  afterAll(async () => {
    await api.close?.();
    await end();
  });
  return api;
}

/** A whole API on a free port, with a real database; Temporal, Stripe and SMTP are replaced unless given. */
export async function startApi(uri: string, change: ApiChange = {}): Promise<TestApi> {
  const config = testConfig(change.config);
  const log = pino({ level: process.env.TEST_LOG ?? 'silent' });
  const store = await openStore(uri);
  await store.init();
  const mails: OutgoingMail[] = [];
  const tail = createTail({ store, log, intervalMs: 30, ...change.tail });
  const workflows = change.workflows ?? notedWorkflows().workflows;
  const starts = createOrderStarts({ store, workflows, log });
  const deps: ApiDeps = {
    config,
    catalogue,
    store,
    workflows,
    starts,
    tail,
    streams: createStreams({ store, tail, log, config }),
    payments: change.payments ?? {
      clientSecretOf: async ({ invoiceId }) => `secret_of_${invoiceId}`,
      moneyOf: async () => [],
      chargedFor: async () => ({ paid: 0, refunded: 0 }),
    },
    licenceTokens: await createLicenceTokens(config),
    mail: change.mail ?? { send: async (mail) => void mails.push(mail) },
    log,
    checkAnswers: true,
  };
  const server = createServer(createApi(deps)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const document = await (await fetch(`${url}/v1/openapi.json`)).json();
  const agrees = documentCheck(document);
  return {
    url,
    databaseUri: uri,
    store,
    deps,
    mails,
    async call(method, path, { body, raw, headers = {} } = {}) {
      const response = await fetch(url + path, {
        method,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        redirect: 'manual',
        ...(body === undefined && raw === undefined ? {} : { body: raw ?? JSON.stringify(body) }),
      });
      const text = await response.text();
      const type = response.headers.get('content-type') ?? '';
      const parsed = text && type.includes('json') ? JSON.parse(text) : text;
      agrees({ method, path, status: response.status, type, body: parsed });
      return { status: response.status, headers: response.headers, body: parsed };
    },
    async close() {
      deps.streams.closeAll();
      await closeServer(server);
      await starts.stop();
      await tail.stop();
      await store.close();
    },
  };
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

interface OpenApi {
  paths: Record<
    string,
    Record<string, { responses: Record<string, { content?: Record<string, { schema: object }> }> }>
  >;
  components: object;
}

/** Throws if the document does not declare an answer for its path, method, status and content type. */
function documentCheck(document: OpenApi) {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  ajv.addSchema(document, 'openapi.json');
  const templates = Object.keys(document.paths).map((path) => ({
    path,
    pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  }));
  return (answer: { method: string; path: string; status: number; type: string; body: unknown }): void => {
    const pathname = answer.path.split('?')[0] ?? '';
    const template = templates.find(({ pattern }) => pattern.test(pathname))?.path;
    const operation = template && document.paths[template]?.[answer.method.toLowerCase()];
    if (!operation) return;
    const where = `${answer.method} ${template} -> ${answer.status}`;
    const declared = operation.responses[String(answer.status)];
    if (!declared) throw new Error(`${where} is not in the document`);
    if (!declared.content) return;
    const [contentType = ''] = answer.type.split(';');
    if (!declared.content[contentType]) throw new Error(`${where} has no ${contentType} in the document`);
    const pointer = ['paths', template, answer.method.toLowerCase(), 'responses', String(answer.status), 'content'];
    const escaped = [...pointer, contentType, 'schema'].map((part) =>
      encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')),
    );
    const validate = ajv.getSchema(`openapi.json#/${escaped.join('/')}`);
    if (!validate) throw new Error(`${where}: no schema`);
    if (!validate(answer.body)) throw new Error(`${where}: ${ajv.errorsText(validate.errors)}`);
  };
}

let names = 0;
/** A hostname label that no other test uses. */
export function freshName(): string {
  names += 1;
  return `t${process.pid.toString(36)}x${Date.now().toString(36)}${names}`;
}

/** The catalogue with every topology sold. */
export const withClusters: Catalogue = {
  ...catalogue,
  plans: catalogue.plans.map((plan) => ({
    ...plan,
    topologies: plan.topologies.map((topology) => ({ ...topology, enabled: true })),
  })),
};

/** Places the order of a quote that another catalogue than the API's has made. */
export async function orderFrom(api: TestApi, of: Catalogue, change: Partial<QuoteRequest>): Promise<OrderRecord> {
  const request = QuoteRequest.parse(cart(change));
  const quoted = await makeQuote({ ...api.deps, catalogue: of }, request, { ip: '127.0.0.1' });
  const headers = { 'idempotency-key': freshName() };
  const { status, body } = await api.call('POST', '/v1/orders', { body: orderBody(quoted), headers });
  if (status !== 202) throw new Error(`order refused: ${JSON.stringify(body)}`);
  return (await api.store.orders.find(body.id))!;
}

/** A cart that can be bought; a test changes what it is about. */
export function cart(change: Partial<QuoteRequest> = {}): QuoteRequest {
  const cloud = catalogue.clouds.find(({ name }) => name === 'local');
  return {
    plan: 'STARTUP',
    cycle: 'monthly',
    cloud: 'local',
    region: cloud?.regions[0]?.name ?? '',
    name: freshName(),
    country: 'ES',
    ...change,
  };
}

export async function quote(api: TestApi, change: Partial<QuoteRequest> = {}): Promise<Quote> {
  const answer = await api.call('POST', '/v1/quotes', { body: cart(change) });
  if (answer.status !== 201) throw new Error(`quote refused: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

export function orderBody(of: Quote, change: Partial<OrderRequest> = {}): OrderRequest {
  return {
    quoteId: of.id,
    signature: of.signature,
    holdToken: of.holdToken,
    adminEmail: `admin-${of.id.slice(4)}@example.com`,
    billing: { name: 'Ada Lovelace' },
    paymentMethod: 'card',
    ...change,
  };
}

/** Places an order and returns it with its row. */
export async function order(
  api: TestApi,
  change: Partial<OrderRequest> = {},
): Promise<{ accepted: AcceptedOrder; record: OrderRecord; bearer: Record<string, string> }> {
  const answer = await api.call('POST', '/v1/orders', {
    body: orderBody(await quote(api), change),
    headers: { 'idempotency-key': freshName() },
  });
  if (answer.status !== 202) throw new Error(`order refused: ${JSON.stringify(answer.body)}`);
  const record = await api.store.orders.find(answer.body.id);
  if (!record) throw new Error('the order has no row');
  return { accepted: answer.body, record, bearer: { authorization: `Bearer ${answer.body.capability}` } };
}

/** A signed-in browser: its session cookie, and the token for its writes. */
export async function signIn(api: TestApi, email: string): Promise<{ cookie: string; 'x-csrf-token': string }> {
  const answer = await enterWithCode(api, { email });
  if (answer.status !== 200) throw new Error(`not signed in: ${JSON.stringify(answer.body)}`);
  return { cookie: cookieOf(answer), 'x-csrf-token': answer.body.csrfToken };
}

/** Asks for a code and redeems it in the same browser. */
export async function enterWithCode(api: TestApi, body: { email: string; accountId?: string }): Promise<Answer> {
  const asked = await api.call('POST', '/v1/sign-in/codes', { body: { email: body.email } });
  if (asked.status !== 202) throw new Error(`no code: ${JSON.stringify(asked.body)}`);
  const code = codeFor(api, body.email);
  return api.call('POST', '/v1/sign-in', { body: { ...body, code }, headers: { cookie: cookieOf(asked) } });
}

/** The first cookie that an answer sets, as a browser sends it back. */
export function cookieOf(answer: Answer): string {
  return answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
}

/** The newest code that was mailed to an address. */
export function codeFor(api: TestApi, email: string): string {
  const mail = api.mails.findLast(
    ({ to, messageId }) => emailKey(to) === emailKey(email) && messageId.startsWith('<sign-in-'),
  );
  const code = mail && /\b\d{6}\b/.exec(mail.text)?.[0];
  if (!code) throw new Error(`no code was mailed to ${email}`);
  return code;
}

export function codeOf(answer: Answer): ReasonCode {
  return answer.body.code;
}
