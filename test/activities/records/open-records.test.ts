import { expect, test } from '@jest/globals';
import { openRecords } from '../../../src/activities/records/open-records.ts';
import type { Catalogue } from '../../../src/contracts/catalogue.ts';
import { catalogue } from '../../../src/domain/catalogue/catalogue-data.ts';
import { specFrom } from '../../../src/domain/operations/server-spec.ts';
import { orderFrom, useApi, withClusters } from '../../support/api.ts';

const api = useApi();

/** A later catalogue: other machines, disks, limits, and another version of the product. */
const earlier: Catalogue = {
  ...catalogue,
  version: '2026-01-01',
  product: { ...catalogue.product, version: '0.9.0' },
  plans: catalogue.plans.map((plan) => ({
    ...plan,
    limits: { ...plan.limits, users: 7, plugins: 99 },
    features: { ...plan.features, extendedSupport: true },
    diskGib: 77,
  })),
  clouds: catalogue.clouds.map((cloud) => ({ ...cloud, sizes: { ...cloud.sizes, GROW: 'local-3' } })),
};

test('an order gets what its quote fixed, whatever the catalogue says by then', async () => {
  const order = await orderFrom(api, earlier, { plan: 'GROW', cycle: 'yearly', zone: 'home-b', addOns: { users: 2 } });
  await openRecords(api, order);
  const instance = (await api.store.instances.find(order.instanceId))!;
  expect(instance).toMatchObject({
    ...{ plan: 'GROW', cycle: 'yearly', addOns: { users: 2 }, seats: 1, product: 'freehold-server' },
    ...{ accountId: order.accountId, adminEmail: order.adminEmail },
    limits: { users: 9, plugins: 99 },
    features: { extendedSupport: true },
    desired: {
      ...{ nodes: [{ name: 'node-1', zone: 'home-b' }], size: 'local-3', image: '0.9.0', diskGib: 77, running: true },
      names: [{ hostname: order.quote.subject.hostname, purpose: 'primary' }],
      tags: { 'freehold:plan': 'GROW', 'freehold:order': order._id },
    },
  });

  // Its records are created once, also when the catalogue or the clock has changed.
  await openRecords(api, { ...order, quote: { ...order.quote, subject: { ...order.quote.subject, diskGib: 1 } } });
  expect(await api.store.instances.find(order.instanceId)).toEqual(instance);
});

test('an order for three nodes becomes a server of three nodes in three zones, with a seat for each', async () => {
  const order = await orderFrom(api, withClusters, { plan: 'BUSINESS', nodes: 3 });
  await openRecords(api, order);
  const instance = (await api.store.instances.find(order.instanceId))!;
  expect(instance).toMatchObject({ seats: 3, features: { cluster: true, highAvailability: true } });
  expect(specFrom(instance).nodes.map(({ name, zone, serving }) => [name, zone, serving])).toEqual([
    ['node-1', 'home-a', 'm1'],
    ['node-2', 'home-b', 'm1'],
    ['node-3', 'home-c', 'm1'],
  ]);
});
