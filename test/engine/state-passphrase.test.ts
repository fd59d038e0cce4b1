import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openStackLab, type StackLab } from '../support/stack-lab.ts';

let lab: StackLab;

beforeAll(async () => {
  lab = await openStackLab();
}, 30_000);
afterAll(async () => {
  await lab?.close();
}, 30_000);

const withPassphrase = (PULUMI_CONFIG_PASSPHRASE: string) => ({ env: { ...lab.env, PULUMI_CONFIG_PASSPHRASE } });
const wrong = 'another passphrase than that of the lab';

test('nothing is built, checked or changed under another passphrase, or under none', async () => {
  const delivered = lab.spec('delivered');
  await lab.up(delivered);
  for (const passphrase of [wrong, '']) {
    const ordered = lab.spec('ordered');
    await expect(lab.run(lab.request('up', ordered), withPassphrase(passphrase))).rejects.toMatchObject({
      code: 'state_passphrase_wrong',
    });
    expect([await lab.idsAtCloud(ordered), await lab.stacksOf(ordered), await lab.lease(ordered)]).toEqual([
      ...[[], [], null],
    ]);
    for (const kind of ['preview-refresh', 'refresh', 'destroy'] as const) {
      await expect(lab.run(lab.request(kind, delivered), withPassphrase(passphrase))).rejects.toMatchObject({
        code: 'state_passphrase_wrong',
      });
    }
  }
  // With the right one everything goes on as if nothing had happened.
  expect(await lab.disorder(delivered)).toEqual([]);
  await lab.refresh(delivered);
}, 120_000);

test('a backend whose stacks have another passphrase takes no known secret', async () => {
  await rm(join(lab.stateFolder, 'known-secret.json'));
  const ordered = lab.spec('later');
  await expect(lab.run(lab.request('up', ordered), withPassphrase(wrong))).rejects.toMatchObject({
    code: 'state_passphrase_wrong',
  });
  expect(await lab.idsAtCloud(ordered)).toEqual([]);
  await lab.up(ordered);
  expect(await lab.disorder(ordered)).toEqual([]);
}, 120_000);
