import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Agent, request } from 'undici';
import { apiConfig } from '../../src/config.ts';
import { cart, order, startApi, type TestApi, testConfig } from '../support/api.ts';
import { startDatabase, type TestDatabase } from '../support/database.ts';
import { clientAt, proxyAddress, type ReverseProxy, startReverseProxy } from '../support/reverse-proxy.ts';

/** A content delivery network before our own proxy: it names its clients, so it is trusted too. */
const network = 200;
const networkAddress = '127.0.0.202';

let database: TestDatabase;
let api: TestApi;
let proxy: ReverseProxy;
const agents = new Map<number, Agent>();

beforeAll(async () => {
  database = await startDatabase();
  const config = {
    FREEHOLD_HOLDS_PER_IP: 20,
    FREEHOLD_STREAMS_PER_IP: 2,
    FREEHOLD_REQUESTS_PER_MINUTE_PER_IP: 50,
    API_TRUST_PROXY: [proxyAddress, networkAddress],
  };
  api = await startApi(database.uri, { config });
  proxy = await startReverseProxy(api.url);
});
afterAll(async () => {
  await Promise.all([...agents.values()].map((agent) => agent.destroy()));
  await proxy.stop();
  await api.close();
  await database.stop();
});

function agentOf(client: number): Agent {
  const agent = agents.get(client) ?? clientAt(client);
  agents.set(client, agent);
  return agent;
}

async function quoteAs(client: number, headers: Record<string, string> = {}): Promise<string> {
  const answer = await request(`${proxy.url}/v1/quotes`, {
    method: 'POST',
    dispatcher: agentOf(client),
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(cart()),
  });
  const body = (await answer.body.json()) as { code?: string };
  return body.code ?? String(answer.statusCode);
}

/** Outcomes of quotes, one after the other. */
async function quotes(count: number, one: (index: number) => Promise<string>): Promise<Record<string, number>> {
  const outcomes: Record<string, number> = {};
  for (let index = 0; index < count; index += 1) {
    const outcome = await one(index);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return outcomes;
}

describe('behind a reverse proxy', () => {
  test('21 quotes of 21 clients pass, and of 21 of one client the last does not', async () => {
    expect(await quotes(21, (index) => quoteAs(index))).toEqual({ 201: 21 });
    expect(await quotes(21, () => quoteAs(30))).toEqual({ 201: 20, too_many_holds: 1 });
  });

  test('a client that forges X-Forwarded-For stays one client', async () => {
    const forged = (index: number) => quoteAs(31, { 'x-forwarded-for': `203.0.113.${index}, 198.51.100.${index}` });
    expect(await quotes(21, forged)).toEqual({ 201: 20, too_many_holds: 1 });
    // Nor does it use up the limit of the address that it names.
    const named = () => quoteAs(32, { 'x-forwarded-for': '127.0.0.35' });
    expect(await quotes(20, named)).toEqual({ 201: 20 });
    expect(await quoteAs(33)).toBe('201');
  });

  test('the addresses of one IPv6 /64 are one client, those of another are another', async () => {
    const from = (address: string) => quoteAs(network, { 'x-forwarded-for': address });
    expect(await quotes(21, (index) => from(`2001:db8:1:2:${index}::1`))).toEqual({ 201: 20, too_many_holds: 1 });
    expect(await from('2001:db8:1:3::1')).toBe('201');
    // Some proxies send the port too.
    expect(await quotes(21, (index) => from(`198.51.100.7:${40_000 + index}`))).toEqual({ 201: 20, too_many_holds: 1 });
  });

  test('requests and streams count for each client alone', async () => {
    const { accepted, bearer } = await order(api);
    const open = async (client: number) => {
      const answer = await request(`${proxy.url}/v1/orders/${accepted.id}/events`, {
        dispatcher: agentOf(client),
        headers: { accept: 'text/event-stream', ...bearer },
      });
      // Ended together with its agent.
      answer.body.on('error', () => undefined);
      return answer.statusCode;
    };
    const opened: number[] = [];
    for (const client of [40, 40, 40, 41, 41]) opened.push(await open(client));
    expect(opened).toEqual([200, 200, 429, 200, 200]);

    const read = async (client: number) => {
      const answer = await request(`${proxy.url}/v1/openapi.json`, { dispatcher: agentOf(client) });
      await answer.body.dump();
      return answer.statusCode;
    };
    for (let count = 0; count < 50; count += 1) expect(await read(42)).toBe(200);
    expect([await read(42), await read(43)]).toEqual([429, 200]);
  });
});

describe('trusted proxies', () => {
  const base = {
    MONGODB_URI: 'unused',
    STRIPE_SECRET_KEY: 'sk_test_1',
    STRIPE_PUBLISHABLE_KEY: 'pk_test_1',
    STRIPE_WEBHOOK_SECRET: 'whsec_1',
    FREEHOLD_PUBLIC_URL: 'http://127.0.0.1:8000',
    FREEHOLD_SIGNING_KEY: 'quote-key-of-the-tests',
    FREEHOLD_OPERATOR_TOKEN: 'operator-token-for-tests',
    FREEHOLD_ACCOUNT_KEYS: 'unused',
    LICENCE_SERVER_URL: 'http://127.0.0.1:8100',
    SMTP_URL: 'smtp://127.0.0.1:1',
  };
  const trusted = (text: string) => apiConfig({ ...base, API_TRUST_PROXY: text }).API_TRUST_PROXY;

  test('are addresses, networks and the names of private ranges, by default those of the same machine', () => {
    expect(testConfig().API_TRUST_PROXY).toEqual(['loopback']);
    const list = ['10.0.0.0/8', '2400:cb00::/32', '192.0.2.7', 'uniquelocal'];
    expect(trusted(list.join(', '))).toEqual(list);
  });

  test.each(['true', 'all', '1', '*', '0.0.0.0/0', '::/0', '0.0.0.0/1,128.0.0.0/1', '2000::/3', 'proxy.example', ','])(
    'are never "%s"',
    (text) => {
      expect(() => trusted(text)).toThrow(/API_TRUST_PROXY/);
    },
  );
});
