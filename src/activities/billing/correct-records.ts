import { ReasonError } from '../../contracts/reasons.ts';
import type { CorrectionRef } from '../../contracts/workflow-messages.ts';
import type { BillingPorts } from './ports.ts';

/**
 * Puts the corrected addresses of an order where they stand beside the order: the administrator's in the record of its
 * server, the payer's at the Stripe customer, whose bills are mailed there. A customer that other orders are billed to
 * under the replaced address keeps it. The account is not changed: its address is proven by codes. Repeated, it changes
 * nothing. Errors: those of the gateway.
 */
export function correctRecords({ store, gateway }: Pick<BillingPorts, 'store' | 'gateway'>) {
  return async ({ orderId, number }: CorrectionRef): Promise<void> => {
    const order = await store.orders.find(orderId);
    const correction = order?.corrections?.[number - 1];
    if (!order || !correction) throw new ReasonError('not_found', `correction ${number} of ${orderId}`);
    const { recipients, from } = correction;
    if (recipients.includes('administrator')) {
      await store.instances.update(order.instanceId, { adminEmail: order.adminEmail });
    }
    const customerId = order.payment?.customerId;
    if (!recipients.includes('payer') || !customerId) return;
    const others = await store.orders.countBilledTo({ customerId, billingEmail: from, except: orderId });
    if (others === 0) await gateway.correctCustomer({ customerId, email: order.billingEmail });
  };
}
