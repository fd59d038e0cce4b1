import { newId } from '../../src/runtime/new-id.ts';
import type { InstanceRecord } from '../../src/store/records.ts';

/** The record of a server of plan MAKER on the small cloud, being built. */
export function instanceRecord(change: Partial<InstanceRecord> = {}): InstanceRecord {
  return {
    _id: newId.instance(),
    accountId: 'acc_1',
    orderId: newId.order(),
    name: 'a',
    hostname: 'a.local.freehold.localhost',
    cloud: 'local',
    region: 'home',
    zone: 'home-a',
    plan: 'MAKER',
    cycle: 'monthly',
    addOns: {},
    limits: {
      devices: null,
      assets: null,
      dashboards: null,
      buckets: null,
      tokens: null,
      plugins: 1,
      users: 1,
      domains: 0,
      brands: 0,
    },
    features: { extendedSupport: false, cluster: false, highAvailability: false },
    size: 'local-1',
    diskGib: 10,
    image: '1.0.0',
    adminEmail: 'ada@example.com',
    status: 'provisioning',
    standing: null,
    standingRevision: 0,
    createdAt: new Date(),
    ...change,
  };
}
