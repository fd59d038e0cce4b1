import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { types } from '../../../emulators/clouds/digitalocean/types.ts';
import { doublesEnvironment } from '../../../emulators/clouds/environment.ts';
import { digitaloceanInventory } from '../../../src/stacks/digitalocean/inventory.ts';
import { startCloud, type TestCloud } from '../../support/small-cloud.ts';

/** The emulated DigitalOcean without an engine: what it refuses, and what its API returns to our inventory. */

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startCloud();
}, 30_000);
afterAll(async () => {
  await cloud?.stop();
}, 30_000);

const region = 'fra1';
const instanceId = 'i0123456789abcdef';
const domain = 'freehold.localhost';
const one = (type: string, id: string) => `/v1/doubles/digitalocean/object?${new URLSearchParams({ type, id })}`;

async function make(type: string, inputs: object): Promise<string> {
  const { status, body } = await cloud.call('POST', '/v1/doubles/digitalocean/objects', { type, region: '', inputs });
  if (status !== 201) throw new Error((body as { message: string }).message);
  return (body as { id: string }).id;
}
const remove = async (type: string, id: string) =>
  ((await cloud.call('DELETE', one(type, id))).body as { message?: string } | undefined)?.message;

const droplet = (more: object = {}) => ({
  ...{ name: `${instanceId}-host`, region, size: 's-1vcpu-2gb', image: '190000001' },
  ...more,
});

describe('the double of DigitalOcean', () => {
  test('makes a second machine where DigitalOcean does, and refuses a name where DigitalOcean does', async () => {
    expect(await make(types.droplet, droplet())).not.toBe(await make(types.droplet, droplet()));
    await make(types.network, { name: 'same', region });
    await expect(make(types.network, { name: 'same', region })).rejects.toThrow('409');
    await make(types.volume, { name: 'same', region, size: 10 });
    await expect(make(types.volume, { name: 'same', region, size: 10 })).rejects.toThrow('already exists');
  });

  test('attaches a volume to one machine of its region, and holds it meanwhile', async () => {
    const dropletId = Number(await make(types.droplet, droplet()));
    const near = await make(types.volume, { name: 'near', region, size: 10 });
    const far = await make(types.volume, { name: 'far', region: 'nyc3', size: 10 });
    await expect(make(types.volumeAttachment, { dropletId, volumeId: far })).rejects.toThrow('different regions');
    await make(types.volumeAttachment, { dropletId, volumeId: near });
    await expect(make(types.volumeAttachment, { dropletId, volumeId: near })).rejects.toThrow('already attached');
    expect(await remove(types.volume, near)).toContain('still attached');
    const smaller = await cloud.call('PATCH', one(types.volume, near), { name: 'near', region, size: 5 });
    expect(smaller.body).toMatchObject({ message: expect.stringContaining('can only be expanded') });
    expect(await remove(types.droplet, String(dropletId))).toBeUndefined();
    expect(await remove(types.volume, near)).toBeUndefined();
  });

  test('wants what is named to exist, and holds a network that has members', async () => {
    await expect(make(types.droplet, droplet({ vpcUuid: 'vpc-none' }))).rejects.toThrow('could not be found');
    const network = await make(types.network, { name: 'members', region });
    const id = await make(types.droplet, droplet({ vpcUuid: network }));
    expect(await remove(types.network, network)).toContain('Can not delete VPC with members');
    await remove(types.droplet, id);
    expect(await remove(types.network, network)).toBeUndefined();
  });

  test('tells by its API what is an instance’s: by tag, by name and by text record, and what is nobody’s', async () => {
    const tags = [`freehold:instance:${instanceId}`, 'freehold:resource:host-node-1-m1'];
    const machine = await make(types.droplet, droplet({ tags }));
    const network = await make(types.network, { name: `${instanceId}-network`, region });
    const owned = await make(types.address, { region });
    const note = { domain, name: `_freehold.${instanceId}`, type: 'TXT', ttl: 60 };
    const noteId = await make(types.record, { ...note, value: `address=node-1 ${owned}` });
    const nobodys = await make(types.address, { region });
    const elsewhere = await make(types.address, { region: 'nyc3' });

    const env = doublesEnvironment({ cloudUrl: cloud.url, path: '', cacheFolder: '' });
    const inventory = digitaloceanInventory(env);
    const listed = await inventory.list({ instanceId, region });
    expect(listed.map(({ kind, id, resource }) => ({ kind, id, resource }))).toEqual([
      { kind: 'droplet', id: machine, resource: 'host-node-1-m1' },
      { kind: 'address', id: owned, resource: 'address-node-1' },
      { kind: 'note', id: noteId, resource: 'address-txt-node-1' },
      { kind: 'network', id: network, resource: 'network' },
    ]);
    const unowned = await inventory.listUnowned!(region, new AbortController().signal);
    expect(unowned.map(({ id }) => id)).toEqual([nobodys]);
    expect(unowned.map(({ id }) => id)).not.toContain(elsewhere);
    // In a shared account, an address without an owner of ours may belong to somebody else.
    const shared = digitaloceanInventory({ ...env, FREEHOLD_DIGITALOCEAN_OWN_ACCOUNT: 'false' });
    expect(shared.listUnowned).toBeUndefined();

    // Two claims for one address: its owner is unknown, so neither may remove it.
    const other = 'i0123456789abcdeg';
    const claim = { ...note, name: `_freehold.${other}`, value: `address=node-1 ${owned}` };
    const claimId = await make(types.record, claim);
    expect((await inventory.list({ instanceId: other, region })).map(({ id }) => id)).toEqual([claimId]);
    await remove(types.record, claimId);

    for (const object of listed) await inventory.remove(object);
    // A missing object is not a failure.
    for (const object of listed) await inventory.remove(object);
    expect(await inventory.list({ instanceId, region })).toEqual([]);
  });

  test('lets nobody in without its token', async () => {
    const env = {
      ...doublesEnvironment({ cloudUrl: cloud.url, path: '', cacheFolder: '' }),
      DIGITALOCEAN_TOKEN: 'other',
    };
    const looking = digitaloceanInventory(env).list({ instanceId, region });
    await expect(looking).rejects.toMatchObject({ code: 'cloud_credentials_expired' });
  });
});
