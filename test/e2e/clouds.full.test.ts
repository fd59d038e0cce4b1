import { expect, test } from '@jest/globals';
import type { ShownCloud } from '../../src/contracts/api/clouds.ts';
import { freehold } from './support/freehold.ts';
import { patienceMs, shareWorld } from './support/world.ts';

const shared = shareWorld();

test(
  'freehold clouds check: the small cloud is ready, the others have no provision worker here, and all plans have costs',
  async () => {
    const world = shared();
    const { out, code } = await freehold(world, '--json', 'clouds', 'check');
    expect(code).toBe(0);
    const clouds = JSON.parse(out) as ShownCloud[];
    expect(clouds.map(({ cloud, enabled, state }) => [cloud, enabled, state])).toEqual([
      ['digitalocean', false, 'unserved'],
      ['aws', false, 'unserved'],
      ['gcp', false, 'unserved'],
      ['azure', false, 'unserved'],
      ['local', true, 'ready'],
    ]);
    expect(clouds.at(-1)).toMatchObject({
      credentials: 'LOCAL_CLOUD_TOKEN',
      regions: [
        { name: 'home', lacks: [] },
        { name: 'attic', lacks: [] },
      ],
    });
    expect(clouds.map(({ plans }) => plans.length)).toEqual([5, 5, 5, 5, 0]);
    expect(out).not.toContain(world.platform.keys['cloud-token']);
  },
  patienceMs,
);
