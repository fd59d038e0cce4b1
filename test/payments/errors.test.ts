import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import Stripe from 'stripe';
import { toFailure } from '../../src/activities/lib/failure.ts';
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

  test('put nothing of what Stripe quotes into a log', () => {
    const lines: string[] = [];
    const log = pino({}, { write: (line: string) => void lines.push(line) });
    const original = new Stripe.errors.StripeInvalidRequestError({
      type: 'invalid_request_error',
      message: 'Invalid email address: ada.lovelace@example.com',
      payment_method: { billing_details: { email: 'ada.lovelace@example.com' } },
      statusCode: 400,
    } as never);
    log.error({ err: toReason(original) }, 'failed');
    expect(lines.join()).toContain('Invalid email address');
    expect(lines.join()).not.toContain('ada.lovelace');
  });

  test.each([401, 403])(
    'a key that Stripe refuses with %s is another fault than a request that it refuses',
    (statusCode) => {
      const message = 'Invalid API Key provided: sk_test_********hold';
      const error = toReason(new Stripe.errors.StripeAuthenticationError({ message, statusCode } as never));
      expect(error).toMatchObject({ code: 'payment_access_refused', detail: 'Invalid API Key provided: [key]' });
      expect(toFailure(error)).toMatchObject({ type: 'payment_access_refused', nonRetryable: true });
    },
  );

  test('drop the whole address, whatever letters it has', () => {
    const of = (address: string) =>
      new Stripe.errors.StripeInvalidRequestError({
        type: 'invalid_request_error',
        message: `Invalid email address: '${address}'`,
      } as never);
    for (const address of ["o'brien@example.com", 'sales&billing@example.com', 'a/b@xn--80aswg.xn--p1ai']) {
      expect(toReason(of(address))).toMatchObject({ detail: "Invalid email address: '[address]'" });
    }
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
