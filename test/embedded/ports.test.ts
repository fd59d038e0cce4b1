import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { choosePorts, type Ports } from '../../src/embedded/ports.ts';

/** Nothing else listens here; nothing listens here in these tests either. */
const base = 18_600;
let folder: string;
let starts: ChildProcess[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'freehold-ports-'));
  starts = [];
});
afterEach(() => {
  for (const start of starts) start.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** A start in a separate process with its own folder, which claims its ports and does not listen on them yet. */
async function start(name: string): Promise<Ports> {
  const entry = join(import.meta.dirname, 'choose-ports.ts');
  const child = spawn(process.execPath, [entry, join(folder, name), String(base)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  starts.push(child);
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  return JSON.parse(line) as Ports;
}
const choose = (name: string) =>
  choosePorts({ file: join(folder, name), env: { FREEHOLD_PORT_BASE: String(base) }, free: false });

test('starts at the same moment choose ports of their own, before anything listens', async () => {
  const chosen = await Promise.all(['a', 'b', 'c', 'd'].map(start));
  const all = chosen.flatMap((ports) => Object.values(ports));
  expect(new Set(all).size).toBe(all.length);
  expect(all).toContain(base);
}, 30_000);

test('a start that was killed leaves its ports to the next one', async () => {
  const first = await start('a');
  const [child] = starts;
  child!.kill('SIGKILL');
  await once(child!, 'exit');
  const { ports, moved, release } = await choose('b');
  await release();
  expect(ports).toEqual(first);
  expect(moved).toEqual([]);
}, 30_000);

test('two starts in one process do not block each other, and what is released can be had again', async () => {
  const both = await Promise.all([choose('a'), choose('b')]);
  const all = both.flatMap(({ ports }) => Object.values(ports));
  expect(new Set(all).size).toBe(all.length);
  await Promise.all(both.map(({ release }) => release()));
  const again = await choose('c');
  await again.release();
  expect(again.ports.api).toBe(base);
});

test('a port that is asked for by its name and claimed by another start is refused with the name of the variable', async () => {
  const { api } = await start('a');
  const asked = choosePorts({ file: join(folder, 'b'), env: { FREEHOLD_PORT_EDGE: String(api) }, free: true });
  await expect(asked).rejects.toThrow(`Port ${api} is taken, but FREEHOLD_PORT_EDGE requires it.`);
}, 30_000);

test.each(['banana', '0', '65530'])('the base %s is refused in one sentence', async (text) => {
  const asked = choosePorts({ file: join(folder, 'a'), env: { FREEHOLD_PORT_BASE: text }, free: false });
  await expect(asked).rejects.toThrow('FREEHOLD_PORT_BASE must be a port number up to 65523.');
});
