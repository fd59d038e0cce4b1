import { ReasonError, reasons } from '../../contracts/reasons.ts';
import { nextMoneyReadAt } from '../../domain/billing/order-rules.ts';
import { latePaymentsOf } from '../../payments/late-payment-plan.ts';
import { now } from '../../runtime/clock.ts';
import type { OrderRecord } from '../../store/records.ts';
import type { ApiDeps } from '../deps.ts';

/** Orders of one sweep; the next one takes the rest. */
const ordersAtOnce = 100;

/**
 * Asks Stripe for the money of orders that ended without delivery, where a look is due, and has settled what came or
 * stayed (design 5): the second way by which such money is found, beside the webhook. Processes share the orders among
 * themselves; a look that was cut short comes again.
 *
 * Throws `payment_provider_unavailable` and `workflow_unreachable`: the next sweep goes on.
 */
export async function sweepMoneyOnce(deps: ApiDeps): Promise<void> {
  const firstMs = deps.config.FREEHOLD_MONEY_SWEEP_MS;
  const windowMs = deps.config.FREEHOLD_MONEY_WINDOW_MS;
  for (const order of await deps.store.orders.dueMoneyChecks(ordersAtOnce)) {
    const { _id, moneyLookAt: due, endedAt } = order;
    if (!due || !endedAt) continue;
    const claimed = new Date(now() + firstMs);
    if (!(await deps.store.orders.moveMoneyCheck(_id, { from: due, to: claimed }))) continue;
    await readMoney(deps, order);
    const next = nextMoneyReadAt({ endedAt: endedAt.getTime(), readAt: now() }, { firstMs, windowMs });
    // Nobody can pay what was never set up.
    const to = order.invoiceIds.length > 0 && next !== undefined ? new Date(next) : undefined;
    await deps.store.orders.moveMoneyCheck(_id, { from: claimed, to });
  }
}

async function readMoney(deps: ApiDeps, { _id: orderId, invoiceIds }: OrderRecord): Promise<void> {
  try {
    for (const latePayment of latePaymentsOf(orderId, await deps.payments.moneyOf(invoiceIds))) {
      await deps.workflows.startLatePayment(latePayment);
      deps.log.warn({ orderId }, 'Stripe keeps money of an order that has ended');
    }
  } catch (error) {
    if (error instanceof ReasonError && reasons[error.code].retryable) throw error;
    // What Stripe refuses it refuses again in the next moment; the looks that are left see whether it changed.
    deps.log.error({ err: error, orderId }, 'the money of an order could not be looked at');
  }
}
