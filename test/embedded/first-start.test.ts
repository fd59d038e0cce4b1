import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type Platform, startPlatform } from '../../src/embedded/platform.ts';
import { isFree, type Ports } from '../../src/embedded/ports.ts';
import { identify, isAlive } from '../../src/stacks/processes.ts';
import { until } from '../support/until.ts';

let stateDir: string;
let platform: Platform | undefined;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'freehold-first-start-'));
  platform = undefined;
});
afterEach(async () => {
  await platform?.stop();
  rmSync(stateDir, { recursive: true, force: true });
}, 60_000);

test('at the very first start the control worker comes after the authority that it trusts, and at once', async () => {
  const story: string[] = [];
  let trusted: boolean | undefined;
  platform = await startPlatform({
    stateDir,
    ports: 'free',
    only: ['control', 'stripe', 'licence'],
    onEvent: (event) => {
      if (!('name' in event)) return;
      story.push(`${event.name} ${event.type}`);
      if (event.name === 'control' && event.type === 'starting') trusted = existsSync(join(stateDir, 'ca', 'ca.pem'));
    },
  });
  expect(trusted).toBe(true);
  expect(story.indexOf('edge ready')).toBeLessThan(story.indexOf('control starting'));
  expect(story.filter((line) => line.endsWith('died'))).toEqual([]);
}, 60_000);

test('one that is interrupted leaves without waiting for a worker that is not up yet, and leaves nothing', async () => {
  const interrupt = new AbortController();
  let interruptedAt = 0;
  const tookMs: Record<string, number> = {};
  // Without Stripe and a licence server the control worker never starts to serve.
  const start = startPlatform({
    stateDir,
    ports: 'free',
    only: ['control'],
    signal: interrupt.signal,
    onEvent: (event) => {
      if (event.type === 'stopped') tookMs[event.name] = performance.now() - interruptedAt;
    },
  });
  start.catch(() => {});
  const read = (...path: string[]) => {
    const file = join(stateDir, ...path);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  };
  await until(() => read('logs', 'control.log').includes('trying again'), {
    what: 'the control worker waits for others',
    limitMs: 60_000,
  });
  const running = (JSON.parse(read('run', 'processes.json')) as { pid: number }[]).map(({ pid }) => identify(pid)!);
  expect(running.length).toBeGreaterThanOrEqual(4);
  interruptedAt = performance.now();
  interrupt.abort(new Error('interrupted by SIGINT'));
  await expect(start).rejects.toThrow('interrupted by SIGINT');
  // Its grace time would be 10 s.
  expect(tookMs.control).toBeLessThan(5_000);
  expect(running.some(isAlive)).toBe(false);
  const ports = Object.values(JSON.parse(read('ports.json')) as Ports);
  expect(await Promise.all(ports.map(isFree))).toEqual(ports.map(() => true));
}, 90_000);
