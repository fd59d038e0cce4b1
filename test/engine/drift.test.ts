import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Difference, Drift } from '../../src/contracts/drift.ts';
import type { PrivateServerSpec } from '../../src/contracts/stack.ts';
import { judgeDrift } from '../../src/domain/operations/judge-drift.ts';
import { openStackLab, type StackLab } from '../support/stack-lab.ts';

let lab: StackLab;
beforeAll(async () => {
  lab = await openStackLab();
}, 30_000);
afterAll(async () => {
  await lab?.close();
}, 30_000);

async function readDrift(server: PrivateServerSpec): Promise<Drift> {
  const { lines } = await lab.run(lab.request('preview-refresh', server, { delivered: true }));
  const [drift] = lines.flatMap((line) => (line.type === 'drift' ? [line] : []));
  return { differences: drift!.differences, requiredVolumeIds: drift!.requiredVolumeIds };
}

const repair = (server: PrivateServerSpec, requiredVolumeIds: string[]) =>
  lab.run({ ...lab.request('up', server, { recover: true, delivered: true }), requiredVolumeIds });

const short = ({ name, change, properties }: Difference) => [change, name, ...properties].join(' ');

describe('a drift check of a stack', () => {
  test('finds what somebody did at the cloud, changes nothing, and its repair makes no volume', async () => {
    const server = lab.spec('drifting');
    const [hostname] = server.hostnames;
    const { outputs } = await lab.up(server);
    const { client } = lab.cloud;

    // No drift.
    const asBuilt = await lab.readState(server);
    expect(await readDrift(server)).toEqual({ differences: [], requiredVolumeIds: outputs.volumeIds });
    expect(await lab.readState(server)).toBe(asBuilt);
    expect(await lab.disorder(server)).toEqual([]);

    // Resources that a repair restores, and a tag of the volume.
    const [host] = await lab.hosts(server);
    await client.remove('hosts', host!.id);
    const [record] = await client.list('records', { name: hostname! });
    await client.update('records', record!.id, { ttl: 600 });
    const [volume] = await client.list('volumes', {});
    await client.update('volumes', volume!.id, { tags: { ...volume!.tags, 'freehold:plan': 'another' } });
    const drift = await readDrift(server);
    expect(drift.differences.map(short).sort()).toEqual([
      `changed record-${hostname} ttl`,
      'changed volume-node-1 tags',
      'missing host-node-1-m1',
    ]);
    expect(judgeDrift(drift.differences)).toEqual({ verdict: 'repairable', reason: 'server_drifted' });
    expect(drift.requiredVolumeIds).toEqual(outputs.volumeIds);
    expect(await lab.readState(server)).toBe(asBuilt);
    expect(await lab.hosts(server)).toEqual([]);
    const repaired = await repair(server, drift.requiredVolumeIds);
    expect(repaired.outputs).toMatchObject({ volumeIds: outputs.volumeIds, addresses: outputs.addresses });
    expect((await readDrift(server)).differences).toEqual([]);

    // An unknown resource beside it.
    const tags = { 'freehold:instance': server.instanceId, 'freehold:resource': 'volume-node-1' };
    const place = { region: 'home', zone: 'home-a', sizeGib: 1, token: 'made-by-hand' };
    const foreign = await client.create('volumes', { name: 'by-hand', tags, ...place });
    const beside = await readDrift(server);
    expect(beside.differences).toMatchObject([{ change: 'foreign', name: 'volume-node-1', id: foreign.id }]);
    expect(judgeDrift(beside.differences)).toMatchObject({ verdict: 'needs_person', reason: 'unknown_objects' });
    await client.remove('volumes', foreign.id);

    // The volume is deleted between the check and the repair: neither it nor anything else is created.
    const [second] = await lab.hosts(server);
    await client.remove('hosts', second!.id);
    const before = await readDrift(server);
    expect(judgeDrift(before.differences).verdict).toBe('repairable');
    await client.remove('volumes', volume!.id);
    const after = await readDrift(server);
    expect(after.requiredVolumeIds).toEqual([]);
    expect(judgeDrift(after.differences)).toEqual({ verdict: 'needs_person', reason: 'volume_gone' });
    await expect(repair(server, before.requiredVolumeIds)).rejects.toMatchObject({ code: 'volume_gone' });
    expect((await lab.owned(server)).sort()).toEqual(['addresses address-node-1', `records record-${hostname}`]);

    await lab.destroy(server);
    expect(await lab.owned(server)).toEqual([]);
  }, 180_000);
});
