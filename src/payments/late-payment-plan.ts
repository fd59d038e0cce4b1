import type { LatePayment } from '../contracts/workflow-messages.ts';

/** What was paid and refunded by one payment intent of an ended order, minor units. */
export interface PaymentMoney {
  paymentIntentId: string;
  received: number;
  /** Refunded or being refunded, also by hand. */
  refunded: number;
  /** The newest failed refund. */
  failedRefundId?: string | undefined;
}

/**
 * The late payments of an order that ended without delivery: every payment that is not fully refunded. Their ids are
 * those that the webhook uses (a failed refund has its own), so that both start the same workflow.
 */
export function latePaymentsOf(orderId: string, payments: readonly PaymentMoney[]): LatePayment[] {
  return payments
    .filter(({ received, refunded }) => received > refunded)
    .map(({ paymentIntentId, failedRefundId }) => ({
      paymentIntentId,
      orderId,
      ...(failedRefundId ? { refundId: failedRefundId } : {}),
    }));
}
