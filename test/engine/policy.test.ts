import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openStackLab, type StackLab } from '../support/stack-lab.ts';

let lab: StackLab;
beforeAll(async () => {
  lab = await openStackLab();
}, 30_000);
afterAll(() => lab?.close(), 30_000);

test('a stack that breaks a rule is refused by its reason, and nothing of it was at the cloud', async () => {
  // The tags of a spec come last except for the two of the stack itself; a tag that holds the token of the cloud is a
  // leak.
  const leaky = lab.spec('leaky', { tags: { 'freehold:note': lab.cloud.token } });
  const began = Date.now();
  await expect(lab.up(leaky)).rejects.toMatchObject({
    code: 'policy_violated',
    detail: expect.stringMatching(
      /^secret-in-plain-input: address-node-1 \(freehold-local:index:Address\): a known secret is in an input\n/,
    ),
  });
  expect(Date.now() - began).toBeLessThan(60_000);
  expect(await lab.idsAtCloud(leaky)).toEqual([]);
  expect((await lab.state(leaky)).ids).toEqual([]);
  expect(await lab.locks(leaky)).toEqual([]);

  // The same server without it is built, and the refused one has left nothing to clean up.
  const sound = { ...leaky, tags: { 'freehold:plan': 'MAKER' } };
  const { outputs } = await lab.up(sound);
  expect(outputs.serverIds).toHaveLength(1);
  await lab.destroy(sound);
  expect(await lab.idsAtCloud(sound)).toEqual([]);
}, 120_000);
