import { expect, test } from '@jest/globals';
import { expectedDowntime } from '../../src/domain/operations/expected-downtime.ts';
import { downtimeClass } from '../../src/domain/operations/plan-change.ts';
import { versionOf } from '../../src/domain/operations/server-spec.ts';
import { useDeliveries } from '../support/delivered-server.ts';

const deliver = useDeliveries();

test('a larger machine takes over with the data, for a gap that is measured; one that does not answer is taken back', async () => {
  const it = await deliver('larger');
  const before = (await it.find()).outputs!;

  const taken = await it.change({ desired: await it.desired({ size: 'local-2', diskGib: 20 }) });
  expect(taken.map(({ kind }) => kind)).toEqual(['create-machine', 'move-to-machine', 'remove-machine', 'grow-volume']);
  expect(taken.map(({ left }) => left)).toEqual([3, 2, 1, 0]);
  expect(await it.machines()).toEqual(['host-node-1-m2 local-2 running']);
  const after = await it.find();
  expect(after.applied).toMatchObject({ nodes: [{ machines: [{ size: 'local-2' }] }], diskGib: 20 });
  expect(after.outputs).toMatchObject({ addresses: before.addresses, volumeIds: before.volumeIds });
  // The boot counter is on the volume, so the second boot is that of the new machine on the old data.
  expect((await it.health()).boots).toBe(2);

  // Only the move causes downtime, and no longer than quotes promise.
  const downtimes = Object.fromEntries(taken.map(({ kind, downtimeMs }) => [kind, downtimeMs]));
  expect(downtimes).toMatchObject({ 'create-machine': null, 'remove-machine': null, 'grow-volume': null });
  expect(downtimes['move-to-machine']).toBeGreaterThan(0);
  expect(downtimes['move-to-machine']).toBeLessThanOrEqual(expectedDowntime.local.move.ms);
  expect(downtimeClass(downtimes['move-to-machine']!)).toBe('seconds');

  // An image whose product never answers: the old machine still exists, and serves again.
  const good = await it.desired();
  const bad = { desired: { ...good, image: '0.0.1' } };
  expect(await it.take(bad)).toMatchObject({ kind: 'create-machine' });
  await expect(it.take(bad, { healthyWithinMs: 1_000 })).rejects.toMatchObject({ code: 'host_unhealthy' });
  expect(versionOf(await it.find())).toBe('0.0.1');
  // The old machine must not be removed while the new one does not answer.
  await expect(it.take(bad, { healthyWithinMs: 500 })).rejects.toMatchObject({
    ...{ code: 'host_unhealthy', detail: expect.stringContaining('before remove-machine') },
  });
  const back = await it.change({ desired: good });
  expect(back.map(({ kind }) => kind)).toEqual(['move-to-machine', 'remove-machine']);
  expect((await it.find()).applied).toMatchObject({
    nodes: [{ machines: [{ image: '1.0.0', size: 'local-2' }] }],
  });
  expect(await it.machines()).toEqual(['host-node-1-m2 local-2 running']);
  expect(await it.health()).toMatchObject({ boots: 3, version: '1.0.0' });
  await it.destroy();
}, 240_000);
