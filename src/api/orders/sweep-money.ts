import { ReasonError, reasons } from '../../contracts/reasons.ts';
import { nextMoneyReadAt } from '../../domain/billing/order-rules.ts';
import { latePaymentsOf } from '../../payments/late-payment-plan.ts';
import { now } from '../../runtime/clock.ts';
import type { OrderRecord } from '../../store/records.ts';
import type { ApiDeps } from '../deps.ts';

/** Orders per sweep; the next sweep takes the rest. */
const ordersAtOnce = 100;

/**
 * Checks Stripe for money of orders that ended without delivery, where a check is due, and starts the settlement of
 * what it finds. Finds such money also when the webhook was lost. Processes share the orders; an interrupted
 * check is repeated.
 *
 * Throws `payment_provider_unavailable` and `workflow_unreachable`: the next sweep continues.
 */
export async function sweepMoneyOnce(deps: ApiDeps): Promise<void> {
  const firstMs = deps.config.FREEHOLD_MONEY_SWEEP_MS;
  const windowMs = deps.config.FREEHOLD_MONEY_WINDOW_MS;
  for (const order of await deps.store.orders.dueMoneyChecks(ordersAtOnce)) {
    const { _id, moneyReadAt: due, endedAt } = order;
    if (!due || !endedAt) continue;
    const claimed = new Date(now() + firstMs);
    if (!(await deps.store.orders.moveMoneyCheck(_id, { from: due, to: claimed }))) continue;
    await readMoney(deps, order);
    const next = nextMoneyReadAt({ endedAt: endedAt.getTime(), readAt: now() }, { firstMs, windowMs });
    // Without a payment at Stripe nothing can have been paid.
    const to = order.invoiceIds.length > 0 && next !== undefined ? new Date(next) : undefined;
    await deps.store.orders.moveMoneyCheck(_id, { from: claimed, to });
  }
}

async function readMoney(deps: ApiDeps, order: OrderRecord): Promise<void> {
  const { _id: orderId, invoiceIds } = order;
  try {
    for (const latePayment of latePaymentsOf(orderId, await deps.payments.moneyOf(invoiceIds))) {
      await deps.workflows.startLatePayment(latePayment);
      deps.log.warn({ orderId }, 'Stripe keeps money of an order that has ended');
    }
    // A person returns what was paid outside Stripe, and notes it there.
    if (order.paidOutside && order.refunded < order.paid) {
      await deps.store.orders.setMoney(orderId, await deps.payments.chargedFor(invoiceIds));
    }
  } catch (error) {
    if (error instanceof ReasonError && reasons[error.code].retryable) throw error;
    // Stripe would refuse the same request again at once; the remaining checks retry it later.
    deps.log.error({ err: error, orderId }, 'the money of an order could not be looked at');
  }
}
