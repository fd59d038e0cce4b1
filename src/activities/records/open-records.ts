import { orderOperation } from '../../contracts/operations/registry.ts';
import { desiredAtFirst, serverTags } from '../../domain/operations/desired-server.ts';
import { nowDate } from '../../runtime/clock.ts';
import { isDuplicateKey } from '../../store/duplicate-key.ts';
import type { OrderRecord } from '../../store/records.ts';
import type { RecordsPorts } from './ports.ts';

/** Creates the rows that this workflow writes from now on, with the values fixed by the quote, at most once. */
export async function openRecords({ store }: Pick<RecordsPorts, 'store'>, order: OrderRecord): Promise<void> {
  const { quote } = order;
  const { hostname, zones, size, diskGib, product, plan } = quote.subject;
  const createdAt = nowDate();
  const tags = serverTags({ plan, orderId: order._id, createdAt });
  await once(() =>
    store.instances.insert({
      _id: order.instanceId,
      accountId: order.accountId,
      orderId: order._id,
      name: quote.subject.name,
      cloud: quote.subject.cloud,
      region: quote.subject.region,
      plan,
      cycle: quote.subject.cycle,
      addOns: quote.subject.addOns,
      limits: quote.subject.limits,
      features: quote.subject.features,
      seats: zones.length,
      product: product.name,
      adminEmail: order.adminEmail,
      desired: desiredAtFirst({ hostname, zones, size, image: product.version, diskGib, tags }),
      status: 'provisioning',
      standing: null,
      standingRevision: 0,
      createdAt,
    }),
  );
  await once(() =>
    store.operations.insert({
      _id: order.operationId,
      instanceId: order.instanceId,
      orderId: order._id,
      accountId: order.accountId,
      kind: orderOperation.kind,
      status: 'running',
      steps: [],
      createdAt: nowDate(),
    }),
  );
  const ref = { instanceId: order.instanceId, orderId: order._id, operationId: order.operationId };
  await store.timeline.appendOnce(ref, { type: 'operation', kind: orderOperation.kind, status: 'running' });
  await store.timeline.appendOnce(ref, { type: 'instance', status: 'provisioning' });
}

async function once(insert: () => Promise<void>): Promise<void> {
  try {
    await insert();
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
}
