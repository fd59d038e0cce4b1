import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { types as awsTypes } from '../../../emulators/clouds/aws/types.ts';
import { types as azureTypes } from '../../../emulators/clouds/azure/types.ts';
import { types as digitaloceanTypes } from '../../../emulators/clouds/digitalocean/types.ts';
import { types as gcpTypes } from '../../../emulators/clouds/gcp/types.ts';
import type { Ticket } from '../../../src/contracts/api/fleet.ts';
import type { Mismatch, ReconcileReport } from '../../../src/contracts/fleet.ts';
import { newId } from '../../../src/runtime/new-id.ts';
import { labelsOf } from '../../../src/stacks/gcp/names.ts';
import type { SuiteCloud } from '../../support/cloud-suite.ts';
import { forgetObjectsIn } from '../../support/stack-lab.ts';
import { cartAt } from './cloud-cancels.ts';
import { freehold } from './freehold.ts';
import { buy, type Purchase } from './purchase.ts';
import { timeoutMs, type World } from './world.ts';

/** Settings of these tests: everything counts as settled at once, and no schedule interferes. */
export const orphanSettings = { FREEHOLD_SETTLING_MS: '1', FREEHOLD_ORPHAN_SWEEP_MS: '86400000' };

interface Wish {
  type: string;
  region: string;
  inputs: Record<string, unknown>;
}

const tagsOf = (instanceId: string, resource: string) => ({
  ...{ 'freehold:instance': instanceId, 'freehold:resource': resource },
  'freehold:created': '2026-11-01T00:00:00.000Z',
});

/** A resource of each cloud that an instance may leave behind, and a volume with its dependencies. */
const remains: Record<SuiteCloud['cloud'], { thing(instanceId: string): Wish; volume(instanceId: string): Wish[] }> = {
  aws: {
    thing: (id) => ({
      ...{ type: awsTypes.eip, region: 'eu-west-1' },
      inputs: { domain: 'vpc', tags: tagsOf(id, 'address-node-1') },
    }),
    volume: (id) => [
      {
        ...{ type: awsTypes.volume, region: 'eu-west-1' },
        inputs: { availabilityZone: 'eu-west-1a', size: 10, tags: tagsOf(id, 'volume-node-1') },
      },
    ],
  },
  digitalocean: {
    thing: (id) => ({
      ...{ type: digitaloceanTypes.network, region: '' },
      inputs: { name: `${id}-network`, region: 'fra1' },
    }),
    volume: (id) => [
      {
        ...{ type: digitaloceanTypes.volume, region: '' },
        inputs: { name: `${id}-volume`, region: 'fra1', size: 10, tags: [`freehold:instance:${id}`] },
      },
    ],
  },
  gcp: {
    thing: (id) => ({
      ...{ type: gcpTypes.address, region: 'europe-west1' },
      inputs: { name: `${id}-address-node-1`, labels: labelsOf(tagsOf(id, 'address-node-1')) },
    }),
    volume: (id) => [
      {
        ...{ type: gcpTypes.disk, region: 'europe-west1' },
        inputs: {
          ...{ name: `${id}-volume-node-1`, zone: 'europe-west1-b', size: 10 },
          labels: labelsOf(tagsOf(id, 'volume-node-1')),
        },
      },
    ],
  },
  azure: {
    thing: (id) => azureGroup(id),
    volume: (id) => [
      azureGroup(id),
      {
        ...{ type: azureTypes.disk, region: 'westeurope' },
        inputs: {
          ...{ resourceGroupName: `${id}-group`, location: 'westeurope', diskName: 'data', zones: ['1'] },
          tags: tagsOf(id, 'volume-node-1'),
        },
      },
    ],
  },
};

function azureGroup(id: string): Wish {
  return {
    ...{ type: azureTypes.group, region: 'westeurope' },
    inputs: { resourceGroupName: `${id}-group`, location: 'westeurope', tags: tagsOf(id, 'place') },
  };
}

/**
 * Orphans at a cloud, and resources that a delivered server's stack lost: reported, left alone, repaired on request.
 */
export function describeOrphans(shared: () => World, { cloud, leaf }: SuiteCloud): void {
  describe(`orphans on ${cloud}`, () => {
    let world: World;
    let ready: Purchase;
    /** Ids of instances without a record; the second one has a volume. */
    const [nobody, nobodyWithData] = [newId.instance(), newId.instance()];
    /** The emulated cloud's list before and after planting. */
    let own: string[];
    let planted: string[];

    beforeAll(async () => {
      world = shared();
      ready = await buy(world, cartAt(cloud));
      await ready.pay();
      expect(await ready.end()).toMatchObject({ state: 'fulfilled' });
    }, timeoutMs);

    const everything = async () => (await world.outside.allObjectsAt(cloud)).sort();

    async function plant({ type, region, inputs }: Wish): Promise<void> {
      const answer = await fetch(`${world.platform.urls.cloud}/v1/doubles/${cloud}/objects`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${world.platform.keys['cloud-token']}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ type, region, inputs }),
      });
      if (!answer.ok) throw new Error(`${type} was refused: ${await answer.text()}`);
      await answer.body?.cancel();
    }

    /** The mismatches of a run at this cloud. */
    async function reconcile(...flags: string[]): Promise<Mismatch[]> {
      const { code, out, complaint } = await freehold(world, '--json', 'reconcile', ...flags);
      expect({ code, complaint }).toEqual({ code: 0, complaint: '' });
      const { mismatches, unread } = JSON.parse(out) as ReconcileReport;
      expect(unread).toEqual([]);
      return mismatches.filter((mismatch) => mismatch.cloud === cloud);
    }
    const of = (found: Mismatch[], instanceId: string) =>
      found.filter((mismatch) => mismatch.instanceId === instanceId);
    const repairs = (found: Mismatch[]) => [...new Set(found.map(({ kind, repair }) => `${kind}: ${repair}`))];

    async function openTickets(): Promise<string[]> {
      const { out } = await freehold(world, '--json', 'tickets', 'list', '--state', 'open', '--limit', '200');
      const opened = (JSON.parse(out) as Ticket[]).filter((ticket) => ticket.cloud === cloud);
      return [...new Set(opened.map(({ instanceId }) => instanceId!))].sort();
    }

    test(
      'there are none of a server that was delivered as it should be',
      async () => {
        expect(await reconcile('--orphans')).toEqual([]);
        own = await everything();
      },
      timeoutMs,
    );

    test(
      'are seen in a dry run, which touches nothing, and are nothing that is repaired by itself',
      async () => {
        await plant(remains[cloud].thing(nobody));
        for (const object of remains[cloud].volume(nobodyWithData)) await plant(object);
        const { env } = world.platform;
        const states = join(env.PULUMI_BACKEND_URL!.replace(/^file:\/\/|\?.*$/g, ''), '.pulumi/stacks/freehold');
        await forgetObjectsIn(join(states, `inst-${ready.order.instanceId}.json`), leaf);
        planted = await everything();
        expect(planted.length).toBeGreaterThanOrEqual(own.length + 2);

        const found = await reconcile('--orphans');
        expect(repairs(of(found, nobody))).toEqual(['object_left: remove_unowned']);
        expect(repairs(of(found, nobodyWithData))).toEqual(['object_left: null']);
        expect(repairs(of(found, ready.order.instanceId))).toEqual(['object_unmanaged: adopt_objects']);
        expect(await openTickets()).toEqual([]);

        const usual = await reconcile('--repair');
        expect(usual.map(({ subject }) => subject).sort()).toEqual(found.map(({ subject }) => subject).sort());
        expect(new Set(usual.map(({ repair }) => repair))).toEqual(new Set([null]));
        expect(await openTickets()).toEqual([nobody, nobodyWithData, ready.order.instanceId].sort());
        expect(await everything()).toEqual(planted);
      },
      timeoutMs,
    );

    test(
      'are dealt with when an operator asks: the server has its own again, what nobody knows is gone, but no volume',
      async () => {
        await reconcile('--orphans', '--repair');
        const left = await reconcile('--orphans', '--repair');
        expect([...new Set(left.map(({ instanceId }) => instanceId))]).toEqual([nobodyWithData]);
        expect(await openTickets()).toEqual([nobodyWithData]);
        const now = await everything();
        // No resource of the server was recreated or deleted.
        expect(now.filter((each) => own.includes(each))).toEqual(own);
        expect(now).toHaveLength(own.length + remains[cloud].volume(nobodyWithData).length);
        const { instance } = await world.customer.details(ready.order);
        expect(new URL(instance!.url).hostname).toBe(ready.quote.subject.hostname);
        expect(await world.reach.resolve(ready.quote.subject.hostname)).toHaveLength(1);
      },
      timeoutMs,
    );
  });
}
