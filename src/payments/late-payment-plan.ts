import type { LatePayment } from '../contracts/workflow-messages.ts';

/** What one payment intent of an ended order took and gave back, minor units. */
export interface PaymentMoney {
  paymentIntentId: string;
  received: number;
  /** What went back or is on its way, whoever gave it back. */
  refunded: number;
  /** The newest refund that did not arrive. */
  failedRefundId?: string | undefined;
}

/**
 * What counts as stray money of an order that ended without delivery: every payment that gave less back than it took.
 * Names it as the webhook does, a failed refund by its own id, so that both start the same workflow.
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
