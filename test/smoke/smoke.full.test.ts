import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { BilledCloud } from '../../src/domain/catalogue/cloud-costs.ts';
import { openSmokeWorld, type SmokeWorld, timeoutMs } from './smoke-world.ts';

/** `npm run smoke` without a cloud named: all four, one after the other, at their doubles. */
const clouds: BilledCloud[] = ['aws', 'digitalocean', 'gcp', 'azure'];
let world: SmokeWorld;
beforeAll(async () => {
  world = await openSmokeWorld();
  for (const cloud of clouds) await world.prepare(cloud);
}, timeoutMs);
afterAll(() => world?.close(), timeoutMs);

test(
  'all four clouds go up, are checked and go, and the ceiling holds for all together',
  async () => {
    const { code, summary, shown } = await world.run();
    if (code !== 0) throw new Error(shown);
    expect(summary!.clouds.map(({ cloud }) => cloud)).toEqual(clouds);
    for (const { cloud, ...each } of summary!.clouds) {
      expect({ cloud, ...each }).toMatchObject({ cloud, simulated: true, result: 'passed', left: [] });
      const results = each.checks.map(({ result }) => result);
      expect(results.filter((result) => result === 'passed')).toHaveLength(8);
      expect(results.filter((result) => result === 'not_checked')).toHaveLength(5);
      expect(await world.objects(cloud)).toEqual([]);
    }

    const refused = await world.run('--ceiling', '0.05', 'aws', 'digitalocean');
    expect(refused.code).toBe(4);
    expect(refused.summary!.clouds.map(({ result }) => result)).toEqual(['passed', 'refused']);
  },
  2 * timeoutMs,
);
