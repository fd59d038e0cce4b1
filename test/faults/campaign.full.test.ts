import { expect, test } from '@jest/globals';
import type { CampaignSummary } from '../../faults/run-campaign.ts';
import { runFaults } from './run-faults.ts';

test('a campaign of 40 orders leaves nothing wrong', async () => {
  const { code, summary, shown } = await runFaults<CampaignSummary>('--orders', '40', '--seed', '4');
  if (code !== 0) throw new Error(shown);
  expect(summary).toMatchObject({ ok: true, orders: 40, violations: [] });
  expect(Object.keys(summary!.faults.struck)).toEqual(
    expect.arrayContaining(['kill control', 'kill provision', 'kill temporal', 'kill mongo', 'kill runner']),
  );
}, 1_500_000);
