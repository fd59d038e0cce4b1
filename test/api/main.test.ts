import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newAccountKeys } from '../../src/api/keys/account-keys.ts';
import { startDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const entry = fileURLToPath(new URL('../../src/api/main.ts', import.meta.url));
let database: TestDatabase;
const children: ChildProcess[] = [];

beforeAll(async () => {
  database = await startDatabase();
});

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await database.stop();
});

function start(env: Record<string, string>) {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry], {
    env: { PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
}

const settings = () => ({
  MONGODB_URI: database.uri,
  TEMPORAL_ADDRESS: '127.0.0.1:1',
  STRIPE_SECRET_KEY: 'sk_test_1',
  STRIPE_PUBLISHABLE_KEY: 'pk_test_1',
  STRIPE_WEBHOOK_SECRET: 'whsec_1',
  FREEHOLD_PUBLIC_URL: 'http://127.0.0.1:8000',
  FREEHOLD_SIGNING_KEY: 'quote-key-of-the-tests',
  FREEHOLD_OPERATOR_TOKEN: 'operator-token-for-tests',
  FREEHOLD_ACCOUNT_KEYS: JSON.stringify(newAccountKeys()),
  LICENCE_SERVER_URL: 'http://127.0.0.1:2',
  SMTP_URL: 'smtp://127.0.0.1:1',
});

test('the process serves while Temporal is down, drains at SIGTERM and logs nothing personal', async () => {
  const child = start(settings());
  let out = '';
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  lines.on('line', (line) => {
    out += `${line}\n`;
  });
  const url = await until(() => /"listening":"([^"]+)"/.exec(out)?.[1], { limitMs: 20_000 });

  expect((await fetch(`${url}/health/live`)).status).toBe(200);
  const ready = await fetch(`${url}/health/ready`);
  expect([ready.status, await ready.json()]).toEqual([
    503,
    { status: 'degraded', database: 'ok', temporal: 'unreachable' },
  ]);
  await fetch(`${url}/v1/sign-in/codes`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'somebody@example.com' }),
  });
  expect((await fetch(`${url}/v1/catalogue?secret=sesame`)).status).toBe(200);
  const path = /"path":"\/v1\/catalogue"/;
  await until(() => path.test(out));

  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const [code, signal] = await ended;
  expect([code, signal]).toEqual([0, null]);
  expect(out).not.toMatch(/somebody@|sesame|127\.0\.0\.1:\d+"?,"userAgent/);
}, 40_000);

test('the process listens on the address that it is given', async () => {
  const child = start({ ...settings(), API_HOST: '127.0.0.9' });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const [line] = await once(lines, 'line');
  const { listening } = JSON.parse(line as string) as { listening: string };
  expect(new URL(listening).hostname).toBe('127.0.0.9');
  expect((await fetch(`${listening}/health/live`)).status).toBe(200);
  await expect(fetch(listening.replace('127.0.0.9', '127.0.0.1'))).rejects.toThrow('fetch failed');
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}, 40_000);

test('the process says in one go what its configuration lacks', async () => {
  const child = start({});
  let err = '';
  for (const output of [child.stdout, child.stderr]) {
    output?.on('data', (chunk) => {
      err += chunk;
    });
  }
  const [code] = await once(child, 'close');
  expect(code).not.toBe(0);
  for (const name of ['MONGODB_URI', 'FREEHOLD_SIGNING_KEY', 'FREEHOLD_OPERATOR_TOKEN']) expect(err).toContain(name);
});
