/** A bank's answer to a refused charge. */
export interface Decline {
  code: 'card_declined' | 'expired_card' | 'incorrect_cvc' | 'incorrect_number' | 'processing_error';
  decline_code?: string;
  message: string;
}

/** One of Stripe's test cards. Source: docs.stripe.com/testing. */
export interface TestCard {
  number: string;
  /** The ready-made payment methods for it. */
  names: readonly string[];
  brand: string;
  country: string;
  /** Whether the customer must approve: never, at each payment while present, or only until the card is set up. */
  authentication: 'none' | 'always' | 'until_set_up';
  /** The bank's refusal of a charge. */
  decline?: Decline;
  /** Whether it can be saved to a customer although its charges are refused. */
  attachable: boolean;
  /** Whether the bank returns refunds some days later. */
  refundFails?: true;
}

const declined = (decline_code: string, message = 'Your card was declined.'): Decline => ({
  code: 'card_declined',
  decline_code,
  message,
});

const good = { country: 'US', authentication: 'none', attachable: true } as const;
const refused = { ...good, brand: 'visa', attachable: false } as const;

const cards: readonly TestCard[] = [
  { ...good, number: '4242424242424242', names: ['pm_card_visa'], brand: 'visa' },
  // Its refunds begin as succeeded; the bank returns them later.
  { ...good, number: '4000000000005126', names: ['pm_card_refundFail'], brand: 'visa', refundFails: true },
  { ...good, number: '5555555555554444', names: ['pm_card_mastercard'], brand: 'mastercard' },
  { ...good, number: '378282246310005', names: ['pm_card_amex'], brand: 'amex' },
  { ...good, number: '4000007240000007', names: ['pm_card_es'], brand: 'visa', country: 'ES' },
  { ...good, number: '4000002760000016', names: ['pm_card_de'], brand: 'visa', country: 'DE' },
  {
    ...good,
    number: '4000002500003155',
    names: ['pm_card_authenticationRequiredOnSetup'],
    brand: 'visa',
    country: 'DE',
    authentication: 'until_set_up',
  },
  {
    ...good,
    number: '4000002760003184',
    names: ['pm_card_authenticationRequired'],
    brand: 'visa',
    country: 'DE',
    authentication: 'always',
  },
  { ...refused, number: '4000000000000002', names: ['pm_card_chargeDeclined'], decline: declined('generic_decline') },
  {
    ...refused,
    number: '4000000000009995',
    names: ['pm_card_chargeDeclinedInsufficientFunds'],
    decline: declined('insufficient_funds', 'Your card has insufficient funds.'),
  },
  {
    ...refused,
    number: '4000000000000069',
    names: ['pm_card_chargeDeclinedExpiredCard'],
    decline: { code: 'expired_card', message: 'Your card has expired.' },
  },
  {
    ...refused,
    number: '4000000000000127',
    names: ['pm_card_chargeDeclinedIncorrectCvc'],
    decline: { code: 'incorrect_cvc', message: "Your card's security code is incorrect." },
  },
  {
    ...refused,
    number: '4000000000000119',
    names: ['pm_card_chargeDeclinedProcessingError'],
    decline: {
      code: 'processing_error',
      message: 'An error occurred while processing your card. Try again in a little bit.',
    },
  },
  {
    ...refused,
    number: '4000000000000341',
    names: ['pm_card_chargeCustomerFail'],
    decline: declined('generic_decline'),
    attachable: true,
  },
];

export function cardOfNumber(number: string): TestCard | undefined {
  return cards.find((card) => card.number === number);
}

export function cardOfName(name: string): TestCard | undefined {
  return cards.find((card) => card.names.includes(name));
}

/** Whether the number's check digit is right (ISO/IEC 7812, Luhn). */
export function isCardNumber(number: string): boolean {
  if (!/^\d{12,19}$/.test(number)) return false;
  const sum = [...number].reverse().reduce((total, digit, place) => {
    const value = Number(digit) * (place % 2 === 1 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}
