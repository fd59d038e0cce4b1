import Stripe from 'stripe';
import { ReasonError } from '../contracts/reasons.ts';

/**
 * Maps an error of the Stripe SDK to a reason code: `card_declined`, `payment_provider_unavailable` (retryable: 429,
 * 5xx, no connection, a request with the same key in flight) or `payment_request_refused`. Other errors pass through.
 */
export function toReason(error: unknown): unknown {
  if (!(error instanceof Stripe.errors.StripeError)) return error;
  // Stripe's message may quote an address, which is personal data.
  const message = error.message.replaceAll(/[^\s<>:'"]+@[^\s<>'"]+/g, '[address]');
  const detail = [error.code, message].filter(Boolean).join(': ');
  if (error instanceof Stripe.errors.StripeCardError) return new ReasonError('card_declined', detail, { cause: error });
  const status = error.statusCode;
  const transient = status === undefined || status === 409 || status === 429 || status >= 500;
  if (!transient) return new ReasonError('payment_request_refused', detail, { cause: error });
  const retryAfter = Number(error.headers?.['retry-after']);
  return new ReasonError('payment_provider_unavailable', detail, {
    cause: error,
    ...(Number.isFinite(retryAfter) ? { retryAfterMs: retryAfter * 1_000 } : {}),
  });
}

/** Whether the error says that no object has this id. */
export function isMissing(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeInvalidRequestError && error.code === 'resource_missing';
}

/**
 * Whether an idempotency key is used up: Stripe replays a stored server error, or the key was used with other
 * parameters. It can never succeed, so the object has to be looked up, and a new key is needed if it was not created.
 */
export function isKeyUsedUp(error: unknown): boolean {
  const original = error instanceof ReasonError ? error.cause : error;
  if (!(original instanceof Stripe.errors.StripeError)) return false;
  if (original instanceof Stripe.errors.StripeIdempotencyError) return original.statusCode === 400;
  return (original.statusCode ?? 0) >= 500 && original.headers?.['idempotent-replayed'] === 'true';
}
