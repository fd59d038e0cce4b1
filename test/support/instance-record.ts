import type { DesiredServer } from '../../src/contracts/desired-server.ts';
import { desiredAtFirst } from '../../src/domain/operations/desired-server.ts';
import { newId } from '../../src/runtime/new-id.ts';
import type { InstanceRecord } from '../../src/store/records.ts';

type RecordChange = Partial<Omit<InstanceRecord, 'desired'>> & { desired?: Partial<DesiredServer> };

/** The record of a server of plan MAKER on the small cloud, being built. */
export function instanceRecord({ desired, ...change }: RecordChange = {}): InstanceRecord {
  const first = desiredAtFirst({
    ...{ hostname: 'a.local.freehold.localhost', zones: ['home-a'], size: 'local-1', image: '1.0.0', diskGib: 10 },
    tags: { 'freehold:plan': 'MAKER' },
  });
  return {
    _id: newId.instance(),
    accountId: 'acc_1',
    orderId: newId.order(),
    name: 'a',
    cloud: 'local',
    region: 'home',
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
    seats: 1,
    product: 'freehold-server',
    adminEmail: 'ada@example.com',
    status: 'provisioning',
    standing: null,
    standingRevision: 0,
    createdAt: new Date(),
    ...change,
    desired: { ...first, ...desired },
  };
}

/** The names of a server that has one. */
export function named(hostname: string): Pick<DesiredServer, 'names'> {
  return { names: [{ hostname, purpose: 'primary' }] };
}
