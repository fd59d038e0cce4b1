import Stripe from 'stripe';
import { ReasonError } from '../contracts/reasons.ts';
import { maskAddresses } from '../runtime/mask-addresses.ts';

/**
 * What is kept of an error of the Stripe SDK. The original also has the raw answer, with addresses and billing details,
 * which would be logged with it.
 */
class StripeFailure extends Error {
  override readonly name = 'StripeFailure';
  readonly type: string;
  readonly code: string | undefined;
  readonly statusCode: number | undefined;
  readonly requestId: string | undefined;
  /** Whether Stripe replayed the stored answer to an earlier request with this idempotency key. */
  readonly replayed: boolean;

  constructor(error: Stripe.errors.StripeError) {
    // Stripe's message may quote an address, which is personal data, or a part of our key.
    super(maskAddresses(error.message).replaceAll(/\b[sr]k_(test|live)_[\w*]+/g, '[key]'));
    this.type = error.type;
    this.code = error.code;
    this.statusCode = error.statusCode;
    this.requestId = error.requestId;
    this.replayed = error.headers?.['idempotent-replayed'] === 'true';
  }
}

/**
 * Maps an error of the Stripe SDK to a reason code: `card_declined`, `payment_provider_unavailable` (retryable: 429,
 * 5xx, no connection, a request with the same key in flight), `payment_access_refused` (401 and 403: our key is not
 * accepted) or `payment_request_refused`. Other errors pass through.
 */
export function toReason(error: unknown): unknown {
  if (!(error instanceof Stripe.errors.StripeError)) return error;
  const cause = new StripeFailure(error);
  const detail = [error.code, cause.message].filter(Boolean).join(': ');
  if (error instanceof Stripe.errors.StripeCardError) return new ReasonError('card_declined', detail, { cause });
  const status = error.statusCode;
  if (status === 401 || status === 403) return new ReasonError('payment_access_refused', detail, { cause });
  const transient = status === undefined || status === 409 || status === 429 || status >= 500;
  if (!transient) return new ReasonError('payment_request_refused', detail, { cause });
  const retryAfter = Number(error.headers?.['retry-after']);
  return new ReasonError('payment_provider_unavailable', detail, {
    cause,
    ...(Number.isFinite(retryAfter) ? { retryAfterMs: retryAfter * 1_000 } : {}),
  });
}

/** Whether the error says that no object has this id. */
export function isMissing(error: unknown): boolean {
  return failureOf(error)?.code === 'resource_missing';
}

/**
 * Whether an idempotency key is used up: Stripe replays a stored server error, or the key was used with other
 * parameters. It can never succeed, so the object has to be looked up, and a new key is needed if it was not created.
 */
export function isKeyUsedUp(error: unknown): boolean {
  const failure = failureOf(error);
  if (!failure) return false;
  if (failure.type === 'StripeIdempotencyError') return failure.statusCode === 400;
  return (failure.statusCode ?? 0) >= 500 && failure.replayed;
}

/** The failure at Stripe behind an error of the SDK or of the gateway. */
function failureOf(error: unknown): StripeFailure | undefined {
  if (error instanceof Stripe.errors.StripeError) return new StripeFailure(error);
  const cause = error instanceof ReasonError ? error.cause : undefined;
  return cause instanceof StripeFailure ? cause : undefined;
}
