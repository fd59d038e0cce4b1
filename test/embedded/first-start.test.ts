import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Platform, startPlatform } from '../../src/embedded/platform.ts';

let stateDir: string;
let platform: Platform | undefined;
beforeAll(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'freehold-first-start-'));
});
afterAll(async () => {
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
