import { expect, test } from '@jest/globals';
import type { CampaignSummary } from '../../faults/run-campaign.ts';
import { runFaults } from './run-faults.ts';

test('a campaign of 8 orders leaves nothing wrong and can be repeated', async () => {
  const { code, summary, shown } = await runFaults<CampaignSummary>('--orders', '8', '--seed', '1');
  if (code !== 0) throw new Error(shown);
  expect(summary).toMatchObject({
    ok: true,
    ...{ orders: 8, seed: 1, violations: [] },
    repeat: 'npm run faults -- --orders 8 --seed 1',
  });
  const { fulfilled, ...others } = summary!.counts;
  expect(fulfilled).toBeGreaterThan(0);
  expect(Object.values(others)).toEqual(Object.values(others).map(() => fulfilled));
  expect(Object.values(summary!.states).reduce((sum, count) => sum + count, 0)).toBe(8);
  expect(shown).toMatch(/kill -9 of the/);
}, 300_000);

test.each([['--orders', '0'], ['--seed', 'x'], ['--matrix', '--proxy'], ['--no-such-thing']])(
  'refuses %s %s with its usage',
  async (...args) => {
    const { code, shown } = await runFaults(...args);
    expect(code).toBe(2);
    expect(shown).toMatch(/usage: npm run faults/);
  },
);
