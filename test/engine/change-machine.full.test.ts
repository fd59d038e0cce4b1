import { expect, test } from '@jest/globals';
import { expectedDowntime } from '../../src/domain/operations/expected-downtime.ts';
import { useDeliveries } from '../support/delivered-server.ts';
import { named } from '../support/instance-record.ts';

const deliver = useDeliveries();
const kindsOf = (taken: { kind: string }[]) => taken.map(({ kind }) => kind);

test('suspended, a server has no machine and keeps volume, address and name; resumed, it is as it was', async () => {
  const it = await deliver('asleep');
  const { outputs } = await it.find();
  const desired = await it.desired();
  expect(kindsOf(await it.change({ desired: { ...desired, running: false } }))).toEqual(['deallocate-node']);
  expect(await it.machines()).toEqual([]);
  expect(await it.volumes()).toMatchObject([{ id: outputs!.volumeIds[0], attachedTo: null }]);
  expect(await it.resolve(it.hostname)).toHaveLength(1);
  expect((await it.find()).outputs).toMatchObject({ addresses: outputs!.addresses, serverIds: [] });

  const taken = await it.change({ desired });
  expect(kindsOf(taken)).toEqual(['create-machine', 'move-to-machine']);
  // It never answered before, so there is no downtime to measure.
  expect(taken[1]!.downtimeMs === null || taken[1]!.downtimeMs === 0).toBe(true);
  expect(await it.health()).toMatchObject({ boots: 2 });
  await it.destroy();
}, 240_000);

test('in place, when it is picked: the same machine, for a measured gap', async () => {
  const it = await deliver('resize');
  const { outputs } = await it.find();
  const taken = await it.change({ desired: await it.desired({ size: 'local-3' }), strategy: 'resize' });
  expect(kindsOf(taken)).toEqual(['resize-machine']);
  expect(taken[0]!.downtimeMs).toBeGreaterThan(0);
  expect(taken[0]!.downtimeMs).toBeLessThanOrEqual(expectedDowntime.local.inPlace.ms);
  expect((await it.find()).outputs!.serverIds).toEqual(outputs!.serverIds);
  expect(await it.machines()).toEqual(['host-node-1-m1 local-3 running']);
  await it.destroy();
}, 240_000);

test('a new name leads there before the old one goes, a larger volume and other labels disturb nobody', async () => {
  const it = await deliver('renamed');
  const next = it.hostname.replace('renamed', 'renamed-too');
  const desired = await it.desired({ ...named(next), diskGib: 30, tags: { 'freehold:plan': 'GROW' } });
  expect(await it.take({ desired })).toMatchObject({ kind: 'add-names', left: 3 });
  expect(await it.resolve(next)).toEqual(await it.resolve(it.hostname));
  expect((await it.health(next)).boots).toBe(1);
  expect((await it.health()).boots).toBe(1);
  expect(kindsOf(await it.change({ desired }))).toEqual(['grow-volume', 'remove-names', 'update-tags']);
  expect(await it.resolve(it.hostname)).toEqual([]);
  expect((await it.health(next)).boots).toBe(1);
  expect(await it.volumes()).toMatchObject([{ sizeGib: 30, tags: { 'freehold:plan': 'GROW' } }]);
  await it.destroy();
}, 240_000);
