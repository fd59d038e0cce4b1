/** Stripe's objects of an order, once they exist. */
export interface OrderPayment {
  customerId: string;
  subscriptionId: string;
  invoiceId: string;
  /** Absent when there is nothing to pay. */
  paymentIntentId?: string | undefined;
}

/** The paid first invoice of an order, as Stripe numbers it, and its page there. */
export interface OrderInvoice {
  number: string;
  url: string | undefined;
}

/** A 3-D Secure challenge of an attempt to pay; one that was not refused waits for the buyer. */
export interface PaymentChallenge {
  paymentMethodId: string;
  isRefused: boolean;
}
