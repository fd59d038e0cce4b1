/** Stripe's objects of an order, once they exist. */
export interface OrderPayment {
  customerId: string;
  subscriptionId: string;
  invoiceId: string;
  /** Absent when there is nothing to pay. */
  paymentIntentId?: string | undefined;
}
