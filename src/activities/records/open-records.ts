import { provision } from '../../contracts/operations/provision.ts';
import { findCloud, findPlan } from '../../domain/catalogue/catalogue.ts';
import { catalogue } from '../../domain/catalogue/catalogue-data.ts';
import { entitlementsOf } from '../../domain/catalogue/entitlements.ts';
import { nowDate } from '../../runtime/clock.ts';
import { isDuplicateKey } from '../../store/duplicate-key.ts';
import type { OrderRecord } from '../../store/records.ts';
import type { RecordsPorts } from './records-activities.ts';

/** The rows that this workflow writes from now on; made once, whoever comes first. */
export async function openRecords({ store }: Pick<RecordsPorts, 'store'>, order: OrderRecord): Promise<void> {
  const { quote } = order;
  const plan = findPlan(quote.plan, catalogue);
  const cloud = findCloud(quote.cloud, catalogue);
  await once(() =>
    store.instances.insert({
      _id: order.instanceId,
      accountId: order.accountId,
      orderId: order._id,
      name: quote.name,
      hostname: quote.hostname,
      cloud: quote.cloud,
      region: quote.region,
      zone: quote.zone,
      plan: quote.plan,
      cycle: quote.cycle,
      addOns: quote.addOns,
      ...entitlementsOf({ plan, nodes: quote.nodes, addOns: quote.addOns }),
      size: cloud.sizes[quote.plan],
      diskGib: plan.diskGib,
      image: catalogue.product.version,
      adminEmail: order.adminEmail,
      status: 'provisioning',
      standing: null,
      standingRevision: 0,
      createdAt: nowDate(),
    }),
  );
  await once(() =>
    store.operations.insert({
      _id: order.operationId,
      instanceId: order.instanceId,
      orderId: order._id,
      accountId: order.accountId,
      kind: provision.kind,
      status: 'running',
      steps: [],
      createdAt: nowDate(),
    }),
  );
  const ref = { instanceId: order.instanceId, orderId: order._id, operationId: order.operationId };
  await store.timeline.appendOnce(ref, { type: 'operation', kind: provision.kind, status: 'running' });
  await store.timeline.appendOnce(ref, { type: 'instance', status: 'provisioning' });
}

async function once(insert: () => Promise<void>): Promise<void> {
  try {
    await insert();
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
}
