import { createHash } from 'node:crypto';
import type { Stripe } from 'stripe';
import { z } from 'zod';
import { cardError, invalidRequest } from '../kernel/errors.ts';
import { integer, text } from '../kernel/params.ts';
import { cardOfName, cardOfNumber, type Decline, isCardNumber, type TestCard } from './test-cards.ts';

/** What Stripe stores of a payment method and never shows. */
export interface Instrument {
  number: string;
  /** The holder has approved its use by 3-D Secure, for payments without them. */
  setUp: boolean;
}

/** The result of one attempt to take money. */
export type Attempt =
  | { outcome: 'succeeded' }
  | { outcome: 'requires_action' }
  | { outcome: 'declined'; decline: Decline };

/** A type of payment method: what it stores and how charges on it end. */
export interface PaymentMethodType {
  /** The part of a payment method that has the type's name, from what the browser sent. */
  describe(details: CardDetails, today: Date): { card: Stripe.PaymentMethod.Card; instrument: Instrument };
  /** The ready-made payment method of that name, e.g. `pm_card_visa`. */
  named(name: string, today: Date): { card: Stripe.PaymentMethod.Card; instrument: Instrument } | undefined;
  /** Why it cannot be saved to a customer; null if it can. */
  refusesAttach(instrument: Instrument): Decline | null;
  /** `approved`: the customer has just passed 3-D Secure. `offSession`: they are not present. */
  attempt(instrument: Instrument, how: { approved: boolean; offSession: boolean }): Attempt;
  /** Like `attempt`, for saving without a payment. */
  setUp(instrument: Instrument, how: { approved: boolean }): Attempt;
  /** Whether refunds to it fail some days later. */
  refundFails(instrument: Instrument): boolean;
  /** The part of a charge that says how it was paid. */
  chargeDetails(
    method: Stripe.PaymentMethod,
    charge: { amount: number; approved: boolean },
  ): Stripe.Charge.PaymentMethodDetails;
}

export const CardDetails = z.strictObject({
  number: text(30),
  exp_month: integer,
  exp_year: integer,
  cvc: text(4).optional(),
});
export type CardDetails = z.output<typeof CardDetails>;

const card: PaymentMethodType = {
  describe: (details, today) => {
    const number = details.number.replaceAll(/[\s-]/g, '');
    if (!isCardNumber(number)) throw cardRefused('incorrect_number', 'number', 'Your card number is incorrect.');
    const year = details.exp_year < 100 ? 2000 + details.exp_year : details.exp_year;
    if (details.exp_month < 1 || details.exp_month > 12) {
      throw cardRefused('invalid_expiry_month', 'exp_month', "Your card's expiration month is invalid.");
    }
    if (new Date(Date.UTC(year, details.exp_month, 1)) <= today) {
      throw cardRefused('invalid_expiry_year', 'exp_year', "Your card's expiration year is invalid.");
    }
    if (details.cvc !== undefined && !/^\d{3,4}$/.test(details.cvc)) {
      throw cardRefused('invalid_cvc', 'cvc', "Your card's security code is invalid.");
    }
    const known = cardOfNumber(number);
    if (!known) {
      throw cardError({
        code: 'card_declined',
        decline_code: 'test_mode_live_card',
        message:
          'Your card was declined. Your request was in test mode, but used a non test (live) card. For a list of valid test cards, visit: https://stripe.com/docs/testing.',
      });
    }
    return describeCard(known, { month: details.exp_month, year, checked: details.cvc !== undefined });
  },
  named: (name, today) => {
    const known = cardOfName(name);
    return known && describeCard(known, { month: 12, year: today.getUTCFullYear() + 2, checked: true });
  },
  refusesAttach: (instrument) => {
    const known = testCard(instrument);
    return known.attachable ? null : (known.decline ?? null);
  },
  attempt: (instrument, { approved, offSession }) => {
    const known = testCard(instrument);
    const needsApproval =
      known.authentication === 'always' ||
      (known.authentication === 'until_set_up' && !(offSession && instrument.setUp));
    if (needsApproval && !approved) return { outcome: 'requires_action' };
    return known.decline ? { outcome: 'declined', decline: known.decline } : { outcome: 'succeeded' };
  },
  setUp: (instrument, { approved }) => {
    const known = testCard(instrument);
    if (known.authentication !== 'none' && !approved) return { outcome: 'requires_action' };
    return known.attachable || !known.decline
      ? { outcome: 'succeeded' }
      : { outcome: 'declined', decline: known.decline };
  },
  refundFails: (instrument) => testCard(instrument).refundFails === true,
  chargeDetails: (method, { amount, approved }) => {
    const held = method.card!;
    return {
      type: 'card',
      card: {
        amount_authorized: amount,
        authorization_code: null,
        brand: held.brand,
        checks: held.checks,
        country: held.country,
        electronic_commerce_indicator: null,
        exp_month: held.exp_month,
        exp_year: held.exp_year,
        fingerprint: held.fingerprint,
        funding: held.funding,
        installments: null,
        last4: held.last4,
        mandate: null,
        network: held.brand,
        network_transaction_id: null,
        regulated_status: held.regulated_status,
        three_d_secure: approved
          ? {
              authentication_flow: 'challenge',
              electronic_commerce_indicator: '05',
              exemption_indicator: null,
              result: 'authenticated',
              result_reason: null,
              transaction_id: null,
              version: '2.2.0',
            }
          : null,
        transaction_link_id: null,
        wallet: null,
      },
    };
  },
};

/** The emulated types of payment methods, by Stripe's name. A new type is a new row. */
export const paymentMethodTypes = { card } satisfies Record<string, PaymentMethodType>;
export type PaymentMethodTypeName = keyof typeof paymentMethodTypes;
export const paymentMethodTypeNames = Object.keys(paymentMethodTypes) as [PaymentMethodTypeName];

/** The row of a stored payment method. */
export function typeOf(method: Stripe.PaymentMethod): PaymentMethodType {
  const found = Object.entries(paymentMethodTypes).find(([name]) => name === method.type)?.[1];
  if (!found) throw invalidRequest({ message: `The payment method type "${method.type}" is invalid.` });
  return found;
}

function testCard(instrument: Instrument): TestCard {
  const known = cardOfNumber(instrument.number);
  if (!known) throw new Error('a payment method holds a card that is no test card');
  return known;
}

function describeCard(known: TestCard, { month, year, checked }: { month: number; year: number; checked: boolean }) {
  const described: Stripe.PaymentMethod.Card = {
    brand: known.brand,
    checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: checked ? 'pass' : null },
    country: known.country,
    display_brand: known.brand,
    exp_month: month,
    exp_year: year,
    fingerprint: createHash('sha256').update(known.number).digest('base64url').slice(0, 16),
    funding: 'credit',
    generated_from: null,
    last4: known.number.slice(-4),
    networks: { available: [known.brand], preferred: null },
    regulated_status: 'unregulated',
    three_d_secure_usage: { supported: true },
    wallet: null,
  };
  return { card: described, instrument: { number: known.number, setUp: false } };
}

function cardRefused(code: string, field: string, message: string) {
  return cardError({ code, message, param: `card[${field}]` });
}
