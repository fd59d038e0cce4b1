import { ReasonError } from '../../contracts/reasons.ts';
import type { StepContext } from '../../contracts/workflow-messages.ts';
import { now } from '../../runtime/clock.ts';
import { holderAccountOf } from '../../store/hostname-holds.ts';
import { findLiveOrder, orderIdOf } from '../lib/live-order.ts';
import { openRecords } from './open-records.ts';
import type { RecordsPorts } from './ports.ts';

/**
 * This step creates the records of the instance and its operation and makes sure that the order holds its name. Undo:
 * `release-hostname`. Errors: `hostname_taken` when the name was lost.
 */
export function holdHostname(ports: RecordsPorts) {
  return async (context: StepContext): Promise<void> => {
    const { store } = ports;
    const order = await findLiveOrder(store, context);
    await openRecords(ports, order);
    const hold = await store.holds.find(order.quote.subject.name);
    const outcome =
      hold?.holderId === order.instanceId
        ? 'held'
        : await store.holds.take({
            _id: order.quote.subject.name,
            holder: 'order',
            holderId: order._id,
            // Where the API died between the order's row and its hold, the quote still holds the name.
            tokenHash:
              hold && [order._id, order.quoteId].includes(hold.holderId) ? hold.tokenHash : `order:${order._id}`,
            accountId: holderAccountOf(order),
            until: new Date(now() + ports.holdMs),
          });
    if (outcome !== 'held')
      throw new ReasonError('hostname_taken', `${order.quote.subject.name} is held by somebody else`);
  };
}

/** This step releases the name of an order that ended, if the order or its instance still holds it. */
export function releaseHostname({ store }: RecordsPorts) {
  return async (context: StepContext): Promise<void> => {
    const order = await store.orders.find(orderIdOf(context));
    if (order) await store.holds.release(order.quote.subject.name, [order._id, order.instanceId, order.quoteId]);
  };
}
