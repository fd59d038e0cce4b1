import { now, today } from '../../contracts/clock.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import type { StepContext } from '../../contracts/workflow-messages.ts';
import { findCloud, findPlan } from '../../domain/catalogue.ts';
import { catalogue } from '../../domain/catalogue-data.ts';
import { entitlementsOf } from '../../domain/entitlements.ts';
import { isDuplicateKey } from '../../store/duplicate-key.ts';
import type { OrderRecord } from '../../store/records.ts';
import { findLiveOrder } from '../lib/live-order.ts';
import type { RecordsPorts } from './records-activities.ts';

/**
 * This step opens the records of the instance and its operation and makes sure that the order holds its name.
 * Undo: `release-hostname`. Errors: `hostname_taken` when the name was lost.
 */
export function holdHostname(ports: RecordsPorts) {
  return async (context: StepContext): Promise<void> => {
    const { store } = ports;
    const order = await findLiveOrder(store, context.orderId);
    await openRecords(ports, order);
    const hold = await store.holds.find(order.quote.name);
    const outcome =
      hold?.holderId === order.instanceId
        ? 'held'
        : await store.holds.take({
            _id: order.quote.name,
            holder: 'order',
            holderId: order._id,
            // Where the API died between the order's row and its hold, the quote still has the name.
            tokenHash:
              hold && [order._id, order.quoteId].includes(hold.holderId) ? hold.tokenHash : `order:${order._id}`,
            accountId: order.accountId,
            until: new Date(now() + ports.holdMs),
          });
    if (outcome !== 'held') throw new ReasonError('hostname_taken', `${order.quote.name} is held by somebody else`);
  };
}

/** The rows that this workflow writes from now on; made once, whoever comes first. */
async function openRecords({ store }: RecordsPorts, order: OrderRecord): Promise<void> {
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
      createdAt: today(),
    }),
  );
  await once(() =>
    store.operations.insert({
      _id: order.operationId,
      instanceId: order.instanceId,
      orderId: order._id,
      accountId: order.accountId,
      kind: 'provision',
      status: 'running',
      steps: [],
      createdAt: today(),
    }),
  );
  const place = { instanceId: order.instanceId, orderId: order._id, operationId: order.operationId };
  await store.timeline.appendOnce(place, { type: 'operation', kind: 'provision', status: 'running' });
  await store.timeline.appendOnce(place, { type: 'instance', status: 'provisioning' });
}

async function once(insert: () => Promise<void>): Promise<void> {
  try {
    await insert();
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
}

/** This step frees the name of an order that ended, if the order or its instance still has it. */
export function releaseHostname({ store }: RecordsPorts) {
  return async (context: StepContext): Promise<void> => {
    const order = await store.orders.find(context.orderId);
    if (order) await store.holds.release(order.quote.name, [order._id, order.instanceId, order.quoteId]);
  };
}
