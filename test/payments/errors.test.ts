import { describe, expect, test } from '@jest/globals';
import Stripe from 'stripe';
import { isKeyUsedUp, toReason } from '../../src/payments/errors.ts';

describe('errors of Stripe as reasons', () => {
  test('keep what operators need and drop the address that Stripe quotes', () => {
    const error = new Stripe.errors.StripeInvalidRequestError({
      type: 'invalid_request_error',
      code: 'email_invalid',
      message: "Invalid email address: 'ada.lovelace+x@example.com'",
      statusCode: 400,
    } as never);
    expect(toReason(error)).toMatchObject({
      code: 'payment_request_refused',
      detail: "email_invalid: Invalid email address: '[address]'",
    });
  });

  test('a key that was used with other parameters is used up, one in flight is not', () => {
    const of = (statusCode: number) =>
      new Stripe.errors.StripeIdempotencyError({ type: 'idempotency_error', message: 'x', statusCode } as never);
    expect(isKeyUsedUp(of(400))).toBe(true);
    expect(isKeyUsedUp(toReason(of(400)))).toBe(true);
    expect(isKeyUsedUp(of(409))).toBe(false);
    expect(isKeyUsedUp(new Error('x'))).toBe(false);
  });
});
