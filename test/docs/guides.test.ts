import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { licenceCodes } from '../../src/licence/protocol/codes.ts';
import { adminToken, type LicenceWorld, startLicenceWorld } from '../licence/support/licence-server.ts';
import { canFollow, expectShown, run, stepsOf, without } from '../support/shell-page.ts';

/** The guides, run as they stand, with the limits of the server as they are without configuration. */

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'docs/guides');
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const guides = readdirSync(folder).filter((name) => name.endsWith('.md') && name !== 'README.md');

let world: LicenceWorld;
beforeAll(async () => {
  world = await startLicenceWorld({});
});
afterAll(() => world?.stop());

describe('docs/guides', () => {
  test('has the seven that people ask for, all in its list', () => {
    expect(guides.toSorted()).toEqual(
      ['cluster', 'marketplace', 'move', 'offline', 'perpetual', 'subscription', 'upgrade'].map((name) => `${name}.md`),
    );
    for (const name of guides) expect(read('README.md')).toContain(`](${name})`);
  });

  const guide = canFollow ? test : test.skip;
  guide.each(guides)(
    `%s runs as written and prints what it shows${without}`,
    async (name) => {
      const steps = [...stepsOf(read('README.md')), ...stepsOf(read(name))];
      const account = `acc_${name.replace('.md', '')}`;
      const printed = await run(steps, {
        LICENCE_SERVER: world.url(),
        ADMIN_TOKEN: adminToken,
        ACCOUNT: account,
        ACCOUNT_TOKEN: await world.accounts.token({ account, role: ['admin', 'payer'] }),
      });
      expectShown(steps, printed);
    },
    120_000,
  );

  test.each(guides)('%s names codes as they are', (name) => {
    const named = [...read(name).matchAll(/\b(\d{3}) `([A-Z_]+)`/g)];
    expect(named.length).toBeGreaterThan(2);
    for (const [, num, code] of named)
      expect([code, licenceCodes[code as 'RATE_LIMITED']?.num]).toEqual([code, Number(num)]);
  });
});
