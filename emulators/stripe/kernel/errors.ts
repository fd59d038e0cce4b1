import type { Stripe } from 'stripe';

/** The content of Stripe's `{error: …}` document. */
export interface ErrorDetail {
  type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';
  message: string;
  code?: string;
  decline_code?: string;
  param?: string;
  charge?: string;
  payment_intent?: Stripe.PaymentIntent;
  payment_method?: Stripe.PaymentMethod;
  setup_intent?: Stripe.SetupIntent;
}

/**
 * A refusal that the caller sees. Everything the request changed is rolled back, unless `keep` says that the refusal's
 * own changes are kept (a declined charge).
 */
export class StripeError extends Error {
  readonly status: number;
  readonly detail: ErrorDetail;
  readonly keep: boolean;

  constructor(status: number, detail: ErrorDetail, keep = false) {
    super(detail.message);
    this.name = 'StripeError';
    this.status = status;
    this.detail = detail;
    this.keep = keep;
  }
}

/** 400 `invalid_request_error`. */
export function invalidRequest(detail: { message: string; code?: string; param?: string }): StripeError {
  return new StripeError(400, { type: 'invalid_request_error', ...detail });
}

/** 404 `resource_missing`; `param` is the parameter that named the object, `id` if it was in the path. */
export function noSuch(kind: string, id: string, param = 'id'): StripeError {
  const name = kind.replaceAll('_', ' ');
  return new StripeError(param === 'id' ? 404 : 400, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    message: `No such ${name}: '${id}'`,
    param,
  });
}

/** 402 `card_error`; the changes of the attempt (failed charge, last error) are kept. */
export function cardError(detail: Omit<ErrorDetail, 'type'>): StripeError {
  return new StripeError(402, { type: 'card_error', ...detail }, true);
}
