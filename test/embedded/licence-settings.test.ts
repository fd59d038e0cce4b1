import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type Platform, startPlatform } from '../../src/embedded/platform.ts';
import { platformLinks } from '../../src/embedded/platform-progress.ts';

let stateDir: string;
let platform: Platform | undefined;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'freehold-licence-settings-'));
  platform = undefined;
});
afterEach(async () => {
  await platform?.stop();
  rmSync(stateDir, { recursive: true, force: true });
}, 60_000);

test('the platform passes settings of the licence server on, and shows its address', async () => {
  const settings = {
    LICENCE_REQUESTS_PER_10S: '3',
    // The platform's own values take precedence over these.
    LICENCE_HOST: '127.0.0.9',
    LICENCE_MONGODB_URI: 'mongodb://127.0.0.1:1/nowhere',
    LICENCE_ADMIN_TOKEN: 'a-token-of-the-caller',
    LICENCE_KEYS: 'none',
    LICENCE_ACCOUNT_JWKS_FILE: '/nowhere/keys.json',
    LICENCE_ACCOUNT_JWKS: '{"keys":[]}',
  };
  platform = await startPlatform({ stateDir, ports: 'free', only: ['licence'], env: { ...process.env, ...settings } });
  const { licence } = platform.urls;
  expect(platformLinks(platform)).toContainEqual(['Licence server', licence]);

  const statuses = [];
  for (let count = 0; count < 4; count += 1) {
    const answer = await fetch(`${licence}/v1/licenses/validate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    statuses.push(answer.status);
  }
  expect(statuses.slice(0, 3)).not.toContain(429);
  expect(statuses[3]).toBe(429);
  const authorization = `Bearer ${platform.keys['licence-admin-token']}`;
  expect((await fetch(`${licence}/v1/admin/products`, { headers: { authorization } })).status).toBe(200);
}, 60_000);
