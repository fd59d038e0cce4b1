import { type Reasons, reason } from './reason.ts';

/** Payments and refunds. */
export const paymentReasons = {
  card_declined: reason('payment', 402),
  too_many_declines: reason('payment', 402),
  payment_expired: reason('payment', 402),
  not_paid_yet: reason('payment', 402, { retryable: true }),
  payment_processing: reason('payment', 402, { retryable: true }),
  declined_try_again: reason('payment', 402, { retryable: true }),
  confirmation_open: reason('payment', 402, { retryable: true }),
  confirmation_refused: reason('payment', 402, { retryable: true }),
  payment_provider_unavailable: reason('payment', 503, { retryable: true }),
  payment_access_refused: reason('payment', 503, { retryable: true, alarms: true }),
  price_not_honoured: reason('payment', 409),
  payment_request_refused: reason('payment', 502),
  payment_not_ready: reason('payment', 409, { retryable: true }),
  money_not_settled: reason('payment', 502, { retryable: true }),
  money_in_flight: reason('payment', 502, { retryable: true }),
  refund_failed: reason('payment', 502),
  webhook_signature_wrong: reason('payment', 400),
} as const satisfies Reasons;
