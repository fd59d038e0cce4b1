import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { until } from '../support/until.ts';

const hour = 3_600_000;
const folder = mkdtempSync(join(tmpdir(), 'freehold-clock-'));
const file = join(folder, 'clock');
type Clock = typeof import('../../src/runtime/clock.ts');

/** The clock as a process has it that was started with these variables. */
async function clockOf(env: Record<string, string>): Promise<Clock> {
  jest.resetModules();
  Object.assign(process.env, env);
  try {
    return await import('../../src/runtime/clock.ts');
  } finally {
    for (const name of Object.keys(env)) delete process.env[name];
  }
}

/** Whole hours; the `+ 0` makes a plain 0 of the -0 that a millisecond between the two readings gives. */
const hoursOff = ({ now }: Clock) => Math.round((now() - Date.now()) / hour) + 0;

let clock: Clock;
beforeAll(async () => {
  writeFileSync(file, '0');
  clock = await clockOf({ FREEHOLD_CLOCK_FILE: file });
});
afterAll(() => rmSync(folder, { recursive: true }));

test('jumps to the offset in its file while the process runs, forth and back; monotonic time does not', async () => {
  expect(hoursOff(clock)).toBe(0);
  const monotonic = clock.monotonic();
  for (const hours of [1, -1, 0]) {
    writeFileSync(file, String(hours * hour));
    await until(() => hoursOff(clock) === hours);
    expect(clock.nowDate().getTime() - Date.now()).toBeCloseTo(hours * hour, -4);
  }
  expect(clock.monotonic() - monotonic).toBeLessThan(hour);
});

test('keeps the offset from the start of its process', async () => {
  expect(hoursOff(await clockOf({ FREEHOLD_CLOCK_OFFSET_MS: String(2 * hour) }))).toBe(2);
});

test('says so when its file holds no offset', async () => {
  writeFileSync(file, 'soon');
  const broken = await clockOf({ FREEHOLD_CLOCK_FILE: file });
  expect(() => broken.now()).toThrow(`${file} does not contain a whole number of ms`);
});
