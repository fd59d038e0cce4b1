import { formatMoney } from '../domain/billing/money.ts';
import type { Text } from '../texts/texts.ts';

/**
 * What happened to the money of an order that ended without a server: what went back the way it came, what a person
 * returns because it came outside the payment provider, or that nothing was charged.
 */
export function moneyBack(
  { paid, refunded, currency }: { paid: number; refunded: number; currency: 'EUR' },
  texts: { goesBack: Text<'amount'>; byHand: Text<'amount'>; nothingCharged: string },
): string {
  const sentences = [
    ...(refunded > 0 ? [texts.goesBack({ amount: formatMoney(refunded, currency) })] : []),
    ...(paid > refunded ? [texts.byHand({ amount: formatMoney(paid - refunded, currency) })] : []),
  ];
  return sentences.join(' ') || texts.nothingCharged;
}
