/** Payments and refunds. */
export const paymentReasonTexts = {
  card_declined: {
    customer: 'The card was declined; a declined payment charges nothing.',
    operator: 'Stripe declined the payment; the customer may try again.',
    next: 'Try again or use another card.',
  },
  too_many_declines: {
    customer: 'The payment was declined too often.',
    operator: 'The order reached its limit of declines.',
    next: 'Place a new order with another payment method.',
  },
  payment_expired: {
    customer: 'The payment was not completed in time.',
    operator: 'The deadline of await payment passed without a payment.',
    next: 'Place a new order.',
  },
  not_paid_yet: {
    customer: 'We are waiting for your payment.',
    operator: 'No final payment state at Stripe yet; the activity reads it again.',
    next: 'Complete the payment.',
  },
  payment_processing: {
    customer: 'Your payment is on its way; your bank has not confirmed it yet. There is nothing more for you to do.',
    operator: 'The payment is processing at Stripe: neither paid nor failed; the activity reads it again.',
    next: 'Wait; the order continues as soon as the bank has answered.',
  },
  declined_try_again: {
    customer: 'The payment was declined, which charges nothing. You can try again or use another card.',
    operator: 'The last attempt to pay was declined; the detail has the decline code. The customer may try again.',
    next: 'Try again or use another card.',
  },
  confirmation_open: {
    customer: 'Your bank asks you to confirm the payment. Nothing is charged before you have.',
    operator: 'The payment intent waits for the customer (3-D Secure); the activity reads it again.',
    next: 'Confirm the payment at your bank.',
  },
  confirmation_refused: {
    customer:
      'The payment was not confirmed at your bank, which charges nothing. You can try again or use another card.',
    operator: 'The customer did not pass 3-D Secure; no charge was made, and the customer may try again.',
    next: 'Try again and confirm it at your bank, or use another card.',
  },
  payment_provider_unavailable: {
    customer: 'The payment service does not answer. We keep trying.',
    operator: 'Stripe answered with 5xx or 429 or not at all.',
    next: 'Wait; the step is retried.',
  },
  payment_access_refused: {
    customer: 'Payments do not work at the moment. Our team has been notified, and we keep trying.',
    operator: 'Stripe refuses our key (401) or does not allow it this call (403).',
    next: 'Correct `STRIPE_SECRET_KEY` or its permissions and restart the processes; what waits then goes on by itself, or at once with a retry.',
  },
  price_not_honoured: {
    customer: 'We cannot charge exactly the price of your quote, so we have ended the order.',
    operator: 'The first invoice at Stripe differs from the total of the quote; the detail has both.',
    next: 'Order again with a new quote.',
  },
  payment_request_refused: {
    customer: 'The payment could not be set up. Our team looks into it.',
    operator: 'Stripe refused the request as invalid; the detail has its message.',
    next: 'Correct the cause, then retry the step.',
  },
  payment_not_ready: {
    customer: 'The payment is being prepared.',
    operator: 'The step "create subscription" has not ended yet.',
    next: 'Ask again in a moment.',
  },
  money_not_settled: {
    customer: 'Your money is on its way back.',
    operator: 'Stripe does not report a zero balance for the order yet.',
    next: 'Wait; settle is retried until everything is refunded.',
  },
  money_in_flight: {
    customer: 'Your payment is still on its way to us. It goes back as soon as it arrives.',
    operator: 'A payment of this order is still processing; settle is retried every hour.',
    next: 'Wait; settle ends with a void or a refund.',
  },
  refund_failed: {
    customer: 'The refund did not go through; we are working on it.',
    operator: 'Stripe reports the refund as failed or requiring action.',
    next: 'Refund by hand at Stripe; the step reads it there and ends.',
  },
  webhook_signature_wrong: {
    customer: 'This message was refused.',
    operator: 'The webhook signature is wrong or too old.',
    next: 'Check the webhook secret.',
  },
} as const;
