import { expect, test } from '@jest/globals';
import { doubledClouds } from '../../emulators/clouds/environment.ts';
import type { ShownCloud } from '../../src/contracts/api/clouds.ts';
import { freehold } from './support/freehold.ts';
import { shareWorld, timeoutMs } from './support/world.ts';

const shared = shareWorld();

test(
  'freehold clouds check: the small cloud and the doubles are ready, the others have no provision worker here, and all plans have costs',
  async () => {
    const world = shared();
    const { out, code } = await freehold(world, '--json', 'clouds', 'check');
    const clouds = JSON.parse(out) as ShownCloud[];
    // The emulated clouds are on sale here, labelled as simulated.
    for (const { cloud, title, enabled, state, problem } of clouds) {
      const isServed = cloud === 'local' || doubledClouds.includes(cloud);
      const isDouble = doubledClouds.includes(cloud);
      expect({ cloud, enabled, state, problem }).toEqual({
        ...{ cloud, enabled: isServed, state: isServed ? 'ready' : 'unserved', problem: null },
      });
      expect(title.endsWith(' (simulated)')).toBe(isDouble);
    }
    expect(code).toBe(0);
    expect(clouds.at(-1)).toMatchObject({
      credentials: 'LOCAL_CLOUD_TOKEN',
      regions: [
        { name: 'home', lacks: [] },
        { name: 'attic', lacks: [] },
      ],
    });
    expect(clouds.map(({ plans }) => plans.length)).toEqual([4, 4, 4, 4, 0]);
    expect(out).not.toContain(world.platform.keys['cloud-token']);
  },
  timeoutMs,
);
