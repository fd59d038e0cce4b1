import type { RequestListener } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { LicenceClientOptions } from '../../src/licence/client/types.ts';
import { createFakeServer } from './support/fake-server.ts';
import { answersOf, authority, type Served, serve, startProxy } from './support/network.ts';
import { standingClock, startNodes } from './support/node.ts';

let nodes: Awaited<ReturnType<typeof startNodes>>;
let fake: ReturnType<typeof createFakeServer>;
/** What the licence server sends on its sockets; a test replaces it with something bad. */
let listener: RequestListener;
const open: { close(): unknown }[] = [];
const environment = { ...process.env };

beforeAll(async () => {
  nodes = await startNodes(() => undefined);
});
afterAll(() => nodes.stop());
beforeEach(() => {
  fake = createFakeServer();
  listener = answersOf(() => fake);
});
afterEach(async () => {
  for (const name of ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY', 'https_proxy', 'http_proxy', 'no_proxy']) {
    delete process.env[name];
    if (environment[name] !== undefined) process.env[name] = environment[name];
  }
  await Promise.all(open.splice(0).map((one) => one.close()));
});

async function listening(options: { tls?: boolean } = {}): Promise<Served> {
  const served = await serve((request, response) => listener(request, response), options);
  open.push(served);
  return served;
}

async function proxying(allows?: (authorization: string | undefined) => number) {
  const proxy = await startProxy(allows);
  open.push(proxy);
  return proxy;
}

/** A node that connects to its server with the client's own fetch. */
async function node(options: Partial<LicenceClientOptions> & { serverUrl: string }) {
  const time = standingClock();
  const client = nodes.client({
    ...{ stateFile: nodes.newStateFile(), enrollmentToken: 'a-token', clock: time.clock },
    ...{ fetch: undefined, ...options },
  });
  await client.start();
  return { client, time };
}

const checked = async (options: Partial<LicenceClientOptions> & { serverUrl: string }) => {
  const { client } = await node(options);
  return client.check();
};

describe('a proxy on the way', () => {
  test('HTTPS_PROXY is used, and TLS still ends at the licence server', async () => {
    const [server, proxy] = [await listening({ tls: true }), await proxying()];
    process.env.HTTPS_PROXY = proxy.url;
    expect((await checked({ serverUrl: server.url, ca: authority })).state).toBe('OK');
    expect(new Set(proxy.asked)).toEqual(new Set([server.url.replace('https://', '')]));
  });

  test('NO_PROXY names exceptions, and `proxy: none` goes straight', async () => {
    const [server, proxy] = [await listening({ tls: true }), await proxying()];
    process.env.HTTPS_PROXY = proxy.url;
    process.env.NO_PROXY = 'example.org, localhost';
    expect((await checked({ serverUrl: server.url, ca: authority })).state).toBe('OK');
    process.env.NO_PROXY = 'example.org';
    expect((await checked({ serverUrl: server.url, ca: authority, proxy: 'none' })).state).toBe('OK');
    expect(proxy.asked).toEqual([]);
  });

  test('an address of its own comes before the environment', async () => {
    const [server, proxy] = [await listening(), await proxying()];
    process.env.HTTP_PROXY = 'http://127.0.0.1:9';
    process.env.NO_PROXY = '*';
    expect((await checked({ serverUrl: server.url, proxy: proxy.url })).state).toBe('OK');
    expect(proxy.asked.length).toBeGreaterThan(0);
  });

  test('it may ask for a name and a password; without them the reason says so, and shows neither', async () => {
    const allowed = `Basic ${Buffer.from('ada:correct horse').toString('base64')}`;
    const proxy = await proxying((authorization) => (authorization === allowed ? 200 : 407));
    const server = await listening({ tls: true });
    const known = `http://ada:correct%20horse@${proxy.authority}`;
    expect((await checked({ serverUrl: server.url, ca: authority, proxy: known })).state).toBe('OK');
    const wrong = `http://ada:wrong-password@${proxy.authority}`;
    const refused = await checked({ serverUrl: server.url, ca: authority, proxy: wrong });
    expect(refused.reason).toMatchObject({
      code: 'CONNECTION_ERROR',
      text: expect.stringContaining('asks for a user name'),
    });
    expect(JSON.stringify(refused)).not.toContain('wrong-password');
  });

  test.each([403, 502])('that refuses with %i counts as not reached', async (status) => {
    const [server, proxy] = [await listening({ tls: true }), await proxying(() => status)];
    const { reason } = await checked({ serverUrl: server.url, ca: authority, proxy: proxy.url });
    expect(reason).toMatchObject({
      code: 'CONNECTION_ERROR',
      text: `The proxy between this node and the licence server refused with status ${status}.`,
    });
  });
});

describe('trust', () => {
  test('an authority of one’s own is trusted where it is given', async () => {
    const server = await listening({ tls: true });
    expect((await checked({ serverUrl: server.url, ca: authority })).state).toBe('OK');
  });

  test('L49: who intercepts TLS is named, also behind a proxy, and gets neither key nor secret', async () => {
    const [server, proxy] = [await listening({ tls: true }), await proxying()];
    for (const options of [{}, { proxy: proxy.url }]) {
      const snapshot = await checked({ serverUrl: server.url, ...options });
      expect(snapshot.reason).toMatchObject({ code: 'INVALID_SERVER_CERTIFICATE', num: 350 });
    }
    expect(server.headers).toEqual([]);
  });
});

describe('bad answers on the wire count as not reached (L48)', () => {
  const html = '<html><body>Sign in to the network</body></html>';
  test.each<[string, RequestListener]>([
    ['403 with HTML', (_, response) => response.writeHead(403, { 'Content-Type': 'text/html' }).end(html)],
    ['200 with HTML', (_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(html)],
    ['a redirect', (_, response) => response.writeHead(307, { Location: 'http://127.0.0.1:9/' }).end()],
    ['a connection cut before the answer', (request) => request.socket.destroy()],
    [
      'a connection cut within the answer',
      (_, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '500' });
        response.write('{"secret":"', () => response.socket?.destroy());
      },
    ],
    ['an empty answer', (_, response) => response.writeHead(200).end()],
    ['bytes that are no text', (_, response) => response.writeHead(200).end(Buffer.from([0xff, 0xfe, 0x00, 0x80]))],
    ['JSON that never closes', (_, response) => response.writeHead(200).end('['.repeat(100_000))],
    ['what is no HTTP at all', (request) => request.socket.end('SSH-2.0-OpenSSH_9.9\r\n')],
  ])('%s', async (_, bad) => {
    const server = await listening();
    const { client, time } = await node({ serverUrl: server.url });
    expect((await client.check()).state).toBe('OK');
    listener = bad;
    expect(await client.check()).toMatchObject({
      state: 'GRACE',
      effect: 'none',
      reason: { code: 'CONNECTION_ERROR' },
    });
    time.advance(23.9 * 3_600_000);
    expect(client.status().state).toBe('GRACE');
    listener = answersOf(() => fake);
    expect(await client.check()).toMatchObject({ state: 'OK', reason: null });
  });

  test('a page without end is cut off', async () => {
    const server = await listening();
    const { client } = await node({ serverUrl: server.url });
    await client.check();
    let sent = 0;
    listener = (_, response) => {
      response.writeHead(200);
      const more = () => {
        if (response.destroyed) return;
        sent += 65_536;
        response.write('x'.repeat(65_536), more);
      };
      more();
    };
    expect(await client.check()).toMatchObject({ state: 'GRACE', reason: { code: 'CONNECTION_ERROR' } });
    expect(sent).toBeLessThan(50_000_000);
  });

  test('an answer that never comes ends with the time limit', async () => {
    const server = await listening();
    const { client } = await node({ serverUrl: server.url, requestTimeoutMs: 200 });
    await client.check();
    listener = () => {};
    expect(await client.check()).toMatchObject({ state: 'GRACE', reason: { code: 'CONNECTION_ERROR' } });
  });
});

describe('what leaves a node (L74)', () => {
  const allowed: Record<string, string[]> = {
    '/v1/enrollments/redeem': [
      ...['enrollmentToken', 'activationId', 'product', 'version', 'node', 'bootId', 'nonce'],
      ...['node.name', 'node.clusterId', 'node.fingerprint', 'node.hostname', 'node.provider', 'node.region'],
    ],
    check: ['secret', 'requestId', 'bootId', 'version', 'clientTime', 'nonce', 'usage', 'usage.plugins'],
    release: ['secret', 'requestId', 'bootId'],
  };
  const membersOf = (value: object, under = ''): string[] =>
    Object.entries(value).flatMap(([name, member]) => [
      under + name,
      ...(typeof member === 'object' && member !== null ? membersOf(member, `${under}${name}.`) : []),
    ]);

  test('only what the protocol names, and only counters that the licence bounds; no free text', async () => {
    fake.sign = (asked) => fake.signed(asked, { limits: { plugins: 3 } });
    const server = await listening();
    const reported: string[] = [];
    const nodeAndMore = {
      ...{
        name: 'n1',
        clusterId: 'plant-7',
        fingerprint: 'tpm-1',
        hostname: 'n1.example',
        provider: 'aws',
        region: 'eu',
      },
      ...{ adminEmail: 'ada@acme.example', environment: { HOME: '/root' } },
    };
    const usage = { plugins: 2, users: 5, 'ada@acme.example': 1, 'plugins.note': 3, note: 'free text' };
    const { client } = await node({
      serverUrl: server.url,
      node: nodeAndMore,
      usage: () => usage as unknown as Record<string, number>,
      log: (event) => reported.push(JSON.stringify(event)),
    });
    await client.check();
    await client.check();
    await client.release();
    expect(fake.requests.length).toBeGreaterThanOrEqual(4);
    for (const { path, body } of fake.requests) {
      const members = allowed[path] ?? (allowed[path.split('/').at(-1) as string] as string[]);
      expect(membersOf(body).filter((member) => !members.includes(member))).toEqual([]);
    }
    const checks = fake.requests.filter(({ path }) => path.endsWith('/check'));
    expect(checks.at(-1)?.body.usage).toEqual({ plugins: 2 });
    for (const { body } of checks) expect(body.clientTime).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    const everything = JSON.stringify([fake.requests, server.headers, reported]);
    expect(everything).not.toMatch(/ada@|free text|HOME|"users"|adminEmail/);
    const headers = new Set(server.headers.flatMap((sent) => Object.keys(sent)));
    const usual = [
      'host',
      'connection',
      'content-type',
      'content-length',
      'accept',
      'accept-language',
      'accept-encoding',
    ];
    expect([...headers].filter((name) => ![...usual, 'sec-fetch-mode', 'user-agent'].includes(name))).toEqual([]);
    expect(server.headers.every((sent) => ['node', 'undici', undefined].includes(sent['user-agent']))).toBe(true);
    // Credentials appear in no record.
    for (const { body } of fake.requests) {
      for (const secret of [body.secret, body.enrollmentToken])
        if (secret) expect(reported.join()).not.toContain(secret);
    }
  });

  test.each<[string, () => unknown]>([
    ['counters that cannot be counted', () => ({ plugins: Number.NaN, users: -1 })],
    ['a text in their place', () => 'many'],
    ['a fault of the product', () => Promise.reject(new Error('out of order'))],
  ])('%s never fails a check', async (_, usage) => {
    fake.sign = (asked) => fake.signed(asked, { limits: { plugins: 3, users: 3 } });
    const server = await listening();
    const { client } = await node({ serverUrl: server.url, usage: usage as () => Record<string, number> });
    expect((await client.check()).state).toBe('OK');
    expect((await client.check()).state).toBe('OK');
    expect(fake.requests.at(-1)?.body).not.toHaveProperty('usage');
  });
});
