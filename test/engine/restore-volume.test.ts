import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openStackLab, type StackLab } from '../support/stack-lab.ts';

let lab: StackLab;

beforeAll(async () => {
  lab = await openStackLab();
}, 30_000);
afterAll(async () => {
  await lab?.close();
}, 30_000);

test('a volume restored under the name of the lost one takes its place; without one, or with two, nothing is built', async () => {
  const { client } = lab.cloud;
  const server = lab.spec('restored');
  const { outputs } = await lab.up(server);
  const [old] = await client.list('volumes', {});
  for (const { id } of await lab.hosts(server)) await client.remove('hosts', id);
  await client.remove('volumes', old!.id);

  const adoption = {
    ...lab.request('up', server, { recover: true, delivered: true }),
    ...{ requiredVolumeIds: outputs.volumeIds, acceptRestored: true },
  };
  await expect(lab.run(adoption)).rejects.toMatchObject({ code: 'volume_gone' });
  expect(await client.list('volumes', {})).toEqual([]);

  const { name, tags, region, zone, sizeGib } = old!;
  const make = () => client.create('volumes', { name, tags, region, zone, sizeGib, token: randomUUID() });
  const restored = await make();
  // Nobody but an operator's adoption takes it for the lost one.
  await expect(lab.run({ ...adoption, acceptRestored: false })).rejects.toMatchObject({ code: 'volume_gone' });
  const second = await make();
  await expect(lab.run(adoption)).rejects.toMatchObject({ code: 'volume_gone' });
  await client.remove('volumes', second.id);

  const after = await lab.run(adoption);
  expect(after.outputs).toMatchObject({ volumeIds: [restored.id], addresses: outputs.addresses });
  expect(await lab.hosts(server)).toMatchObject([{ volumeId: restored.id }]);
  expect(await lab.disorder(server)).toEqual([]);
}, 120_000);
