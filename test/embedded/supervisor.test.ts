import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startPlatform } from '../../src/embedded/platform.ts';
import { isFree } from '../../src/embedded/ports.ts';
import { openProcessRecord } from '../../src/embedded/process-record.ts';
import { loadKeys, openStateFolder } from '../../src/embedded/state-folder.ts';
import { type ProcessEvent, type ProcessSpec, superviseProcess } from '../../src/embedded/supervised-process.ts';
import { identify, isAlive } from '../../src/stacks/processes.ts';
import { until } from '../support/until.ts';

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'freehold-supervisor-'));
});
afterEach(() => {
  rmSync(stateDir, { recursive: true, force: true });
});

describe('one process', () => {
  const events: ProcessEvent[] = [];
  beforeEach(() => {
    events.length = 0;
  });

  function supervise(script: string, changes: Partial<ProcessSpec> = {}) {
    const folder = openStateFolder(stateDir);
    const spec: ProcessSpec = {
      name: 'toy',
      title: 'Toy',
      command: process.execPath,
      args: ['-e', script],
      env: {},
      needs: [],
      ports: [],
      ready: ({ output }) => output.includes('serving'),
      graceMs: 2_000,
      ...changes,
    };
    const record = openProcessRecord(folder);
    const logFile = folder.path('logs', 'toy.log');
    return { record, toy: superviseProcess(spec, { logFile, cwd: stateDir, record, onEvent: (e) => events.push(e) }) };
  }
  const lives = 'console.log("serving"); setInterval(() => {}, 1000);';

  test('is started again when it dies, as another process', async () => {
    const { toy, record } = supervise(lives);
    await toy.start();
    const first = toy.pid;
    await toy.kill('SIGKILL');
    await toy.ready();
    expect(toy.pid).not.toBe(first);
    expect(record.all().map(({ pid }) => pid)).toEqual([toy.pid]);
    await toy.stop();
    expect(record.all()).toEqual([]);
    expect(events.map(({ type }) => type)).toEqual(['starting', 'ready', 'died', 'starting', 'ready', 'stopped']);
    expect(events[2]).toMatchObject({ how: 'was ended by SIGKILL', againInMs: 200 });
  });

  test('waits longer after each death in a row', async () => {
    const { toy } = supervise(lives);
    await toy.start();
    for (let deaths = 0; deaths < 3; deaths += 1) {
      await toy.kill('SIGKILL');
      await toy.ready();
    }
    await toy.stop();
    const pauses = events.flatMap((event) => (event.type === 'died' ? [event.againInMs] : []));
    expect(pauses).toEqual([200, 400, 800]);
  });

  test('that never serves fails the start with one sentence and its last lines', async () => {
    const { toy } = supervise('console.error("no such port"); process.exit(3)');
    await expect(toy.start()).rejects.toMatchObject({
      message: `Toy could not be started: it ended with code 3. Its log is ${toy.logFile}.`,
      tail: [expect.stringContaining('no such port')],
    });
    expect(toy.pid).toBeUndefined();
  });

  test('that cannot be run at all fails the start', async () => {
    const { toy } = supervise('', { command: join(stateDir, 'missing') });
    await expect(toy.start()).rejects.toThrow(/could not be executed .*ENOENT/);
  });

  test('whose port somebody else took is not started, and one sentence says so', async () => {
    const stranger = createServer().listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port } = stranger.address() as AddressInfo;
    const { toy } = supervise(lives, { ports: [port] });
    await expect(toy.start()).rejects.toThrow(
      `Port ${port}, chosen for Toy, was taken by another program meanwhile: start again to get another.`,
    );
    expect(toy.pid).toBeUndefined();
    stranger.close();
    await once(stranger, 'close');
    await toy.start();
    await toy.stop();
  });

  test('that ignores SIGTERM is ended with its whole session', async () => {
    const child = `const { spawn } = require('node:child_process');
      const child = spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); console.log('child'); setInterval(() => {}, 1000)"]);
      child.stdout.once('data', () => console.log('child=' + child.pid + ' serving'));
      process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);`;
    const { toy } = supervise(child, { graceMs: 300 });
    await toy.start();
    const parent = identify(toy.pid!)!;
    const offspring = identify(Number(/child=(\d+)/.exec(readFileSync(toy.logFile, 'utf8'))?.[1]))!;
    await toy.stop();
    expect([parent, offspring].map(isAlive)).toEqual([false, false]);
  });

  test('keeps the log of the start before', async () => {
    const first = supervise(lives).toy;
    await first.start();
    await first.stop();
    const second = supervise('console.log("anew, serving"); setInterval(() => {}, 1000);').toy;
    await second.start();
    await second.stop();
    expect(readFileSync(join(stateDir, 'logs', 'toy.1.log'), 'utf8')).toBe('serving\n');
    expect(readFileSync(join(stateDir, 'logs', 'toy.log'), 'utf8')).toBe('anew, serving\n');
  });
});

describe('the platform', () => {
  const names = ['mailbox', 'stripe'];
  const start = () => startPlatform({ stateDir, ports: 'free', only: names });

  test('serves, stops without a trace and comes back on the same ports', async () => {
    const platform = await start();
    const answer = await fetch(`${platform.urls.mailbox}/messages`);
    expect(await answer.json()).toEqual({ messages: [] });
    const identities = platform.processes.map(({ pid }) => identify(pid!)!);
    await platform.stop();
    expect(identities.map(isAlive)).toEqual([false, false]);
    expect(await isFree(platform.ports.mailbox)).toBe(true);
    const again = await start();
    await again.stop();
    expect(again.ports).toEqual(platform.ports);
  });

  test('holds its folder: a second start says so in one sentence', async () => {
    const platform = await start();
    await expect(start()).rejects.toThrow(
      `Freehold already runs on ${stateDir} (process ${process.pid}): stop it there with Ctrl-C, or name another folder by FREEHOLD_STATE_DIR.`,
    );
    await platform.stop();
  });

  test('asks for no folder mode or key mode beyond its user', async () => {
    const folder = openStateFolder(join(stateDir, 'fresh'));
    const keys = loadKeys(folder);
    expect(loadKeys(folder)).toEqual(keys);
    expect(statSync(folder.root).mode & 0o777).toBe(0o700);
    expect(statSync(folder.path('keys', 'operator-token')).mode & 0o777).toBe(0o600);
  });

  test('says which variable asks for a port that is taken', async () => {
    const platform = await start();
    const taken = platform.ports.mailbox;
    const other = join(stateDir, 'other');
    await expect(
      startPlatform({ stateDir: other, only: names, env: { ...process.env, FREEHOLD_PORT_API: String(taken) } }),
    ).rejects.toThrow(`Port ${taken} is taken, but FREEHOLD_PORT_API requires it.`);
    await platform.stop();
  });

  test('fails with the sentence of what could not be started, and leaves nothing', async () => {
    const broken = startPlatform({
      ...{ stateDir, ports: 'free', only: ['stripe'] },
      overrides: { STRIPE_EMULATOR_PORT: 'none' },
    });
    await expect(broken).rejects.toThrow(/^Stripe emulator could not be started: it ended with code 1\./);
    await (await start()).stop();
  });

  test('takes free ports where the usual ones are busy, and says so', async () => {
    const platform = await start();
    const base = String(platform.ports.mailbox);
    const moved: unknown[] = [];
    const second = await startPlatform({
      stateDir: join(stateDir, 'other'),
      only: names,
      env: { ...process.env, FREEHOLD_PORT_BASE: base },
      onEvent: (event) => event.type === 'moved' && moved.push(...event.services),
    });
    expect(moved).toContain('api');
    expect(second.ports.api).not.toBe(platform.ports.mailbox);
    await second.stop();
    await platform.stop();
  });
});

describe('when the supervisor itself is killed', () => {
  const entry = fileURLToPath(new URL('run-platform.ts', import.meta.url));
  let supervisor: ChildProcess;

  async function run() {
    supervisor = spawn(process.execPath, [entry, stateDir, 'mailbox,stripe'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface({ input: supervisor.stdout! }), 'line')) as [string];
    const { pids, ports } = JSON.parse(line) as { pids: Record<string, number>; ports: { mailbox: number } };
    return { identities: Object.values(pids).map((pid) => identify(pid)!), ports };
  }
  async function killSupervisor() {
    supervisor.kill('SIGKILL');
    await once(supervisor, 'exit');
  }
  const reaper = () => {
    const children = readFileSync(`/proc/${supervisor.pid}/task/${supervisor.pid}/children`, 'utf8').trim().split(' ');
    return Number(children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('/bin/sh')));
  };

  test('the reaper ends every process and frees every port', async () => {
    const { identities, ports } = await run();
    await killSupervisor();
    await until(() => !identities.some(isAlive), { what: 'everything has ended', limitMs: 15_000 });
    await until(() => isFree(ports.mailbox), { what: 'the port is free' });
    // It may still hold the folder for a moment: the next start waits for it.
    await (await startPlatform({ stateDir, ports: 'free', only: ['mailbox'] })).stop();
  });

  test('and the reaper too, the next start ends what is left', async () => {
    const { identities } = await run();
    process.kill(-reaper(), 'SIGKILL');
    await killSupervisor();
    expect(identities.map(isAlive)).toEqual([true, true]);
    const leftovers: string[] = [];
    const platform = await startPlatform({
      stateDir,
      ports: 'free',
      only: ['mailbox'],
      onEvent: (event) => event.type === 'leftover' && leftovers.push(event.name),
    });
    expect(identities.map(isAlive)).toEqual([false, false]);
    expect(leftovers.sort()).toEqual(['mailbox', 'stripe']);
    await platform.stop();
  });

  test('by SIGTERM it ends them itself', async () => {
    const { identities } = await run();
    supervisor.kill('SIGTERM');
    const [code] = await once(supervisor, 'exit');
    expect(code).toBe(0);
    expect(identities.map(isAlive)).toEqual([false, false]);
  });
});
