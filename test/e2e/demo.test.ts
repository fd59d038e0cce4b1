import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createVisitor } from '../../src/embedded/demo/first-use.ts';
import { createReach } from '../../src/runtime/reach.ts';
import { until } from '../support/until.ts';
import { processesOf, runDemo } from './run-demo.ts';

/** The demo as a newcomer runs it, one after the other on one folder. */
const stateDir = mkdtempSync(join(tmpdir(), 'freehold-demo-'));
let first: Awaited<ReturnType<typeof runDemo>>;
let supervisor: ChildProcess | undefined;

beforeAll(async () => {
  first = await runDemo(stateDir);
}, 120_000);
afterAll(async () => {
  if (supervisor && supervisor.exitCode === null && supervisor.signalCode === null) {
    supervisor.kill('SIGTERM');
    await once(supervisor, 'exit');
  }
  rmSync(stateDir, { recursive: true, force: true });
});

test('does the main job and says so in one JSON document', () => {
  const { code, summary, shown } = first;
  if (code !== 0) throw new Error(shown);
  expect(summary).toMatchObject({
    ok: true,
    fault: null,
    order: { state: 'fulfilled', reason: null },
    url: expect.stringContaining(`https://${summary?.hostname}:`),
    licence: { plan: 'GROW', status: 'ACTIVE', state: 'OK' },
    links: {
      'Live page': expect.stringContaining('/orders/'),
      'Temporal UI': expect.stringContaining('/workflows/instance%2F'),
      Mailbox: expect.stringContaining('http://127.0.0.1:'),
      'API docs': expect.stringContaining('/docs'),
    },
    curl: expect.stringMatching(/^curl --resolve \S+:127\.0\.0\.1 --cacert \S+ca\.pem https:\/\/\S+\/healthz$/),
  });
  expect(summary?.money).toMatchObject({ taken: summary?.money.total, refunded: 0 });
  expect(summary?.checks.map(({ what, ok }) => [what, ok])).toEqual([
    ['Ready mail', true],
    ['Another address is refused', true],
    ['The administrator signs up', true],
    ['The server has its licence', true],
    ['A reading is stored', true],
    ['Money taken', true],
  ]);
  expect(summary?.mails.map(({ to }) => to).sort()).toEqual([
    ['accounts@example.com'],
    ['accounts@example.com'],
    ['ada@example.com'],
  ]);
  expect(summary?.steps.map(({ name }) => name)).toEqual(expect.arrayContaining(['Build the server', 'Hand over']));
});

test('shows plain lines without colours where there is no terminal', () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what must not be there
  expect(first.shown).not.toMatch(/\x1b/);
  expect(first.shown).toMatch(/✔ Build the server/);
});

test('leaves no process behind', () => {
  expect(processesOf(stateDir)).toEqual([]);
});

test('a second start finds the server again, with its data and its licence, though ports are taken meanwhile; loopback only; kill -9 leaves nothing', async () => {
  const before = JSON.parse(readFileSync(join(stateDir, 'ports.json'), 'utf8')) as { licence: number };
  const stranger = createServer().listen(before.licence, '127.0.0.1');
  await once(stranger, 'listening');
  supervisor = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      fileURLToPath(new URL('../embedded/run-platform.ts', import.meta.url)),
      stateDir,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_OPTIONS: '' } },
  );
  const [line] = (await once(createInterface({ input: supervisor.stdout! }), 'line')) as [string];
  const { ports } = JSON.parse(line) as { ports: { dns: number; licence: number } };
  expect(ports.licence).not.toBe(before.licence);
  const caFile = join(stateDir, 'ca', 'ca.pem');
  const reach = createReach({ dnsServer: `127.0.0.1:${ports.dns}`, caFile });
  const visitor = createVisitor(first.summary?.url ?? '', reach);
  await until(async () => (await visitor.health().catch(() => null))?.licence.state === 'OK', { limitMs: 30_000 });
  expect(await visitor.signUp('eve@example.com', 'correct horse battery')).toMatchObject({ admitted: false });
  expect(await visitor.signUp('ada@example.com', 'correct horse battery')).toMatchObject({
    admitted: false,
    sentence: 'There is an account with this address already.',
  });
  await reach.close();

  const pids = processesOf(stateDir).map((entry) => Number.parseInt(entry, 10));
  expect(pids.length).toBeGreaterThan(11);
  expect(listeningBeyondLoopback(pids)).toEqual([]);

  stranger.close();
  supervisor.kill('SIGKILL');
  await until(() => processesOf(stateDir).length === 0, { what: 'every process has ended', limitMs: 40_000 });
}, 120_000);

test('an order whose card is declined ends with nothing left over', async () => {
  const { code, summary, shown } = await runDemo(stateDir, '--fault', 'decline');
  if (code !== 0) throw new Error(shown);
  expect(summary).toMatchObject({ ok: true, fault: 'decline', order: { state: 'declined' }, url: null });
  expect(summary?.checks).toHaveLength(8);
  expect(shown).toMatch(/Existing servers\n.*runs, licence OK/);
}, 120_000);

/** Listening sockets of these processes whose address is not 127.0.0.1, from /proc (proc_net_tcp(5)). */
function listeningBeyondLoopback(pids: number[]): string[] {
  const listening = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((row) => row.trim().split(/\s+/))
      .filter((fields) => fields[3] === '0A' && !fields[1]?.startsWith('0100007F:'))
      .map((fields) => ({ address: fields[1]!, inode: fields[9]! })),
  );
  const own = new Set(
    pids.flatMap((pid) =>
      readdirSync(`/proc/${pid}/fd`).map((fd) => {
        try {
          return readlinkSync(`/proc/${pid}/fd/${fd}`);
        } catch {
          // Closed since the listing.
          return '';
        }
      }),
    ),
  );
  return listening.filter(({ inode }) => own.has(`socket:[${inode}]`)).map(({ address }) => address);
}
