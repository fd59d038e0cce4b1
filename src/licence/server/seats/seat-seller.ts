import { Refusal } from '../refusal.ts';
import type { Licence } from '../store/licence.ts';

/** Minor units of a currency; a negative amount is refunded to the payer. */
export interface Money {
  amount: number;
  currency: string;
}

export interface SeatOrder {
  licence: Licence;
  /** Production seats now and afterwards. */
  from: number;
  to: number;
}

export interface SeatPrice {
  /** Due at once for the rest of the current period. */
  dueNow: Money;
  /** The licence's price per period from then on. */
  perPeriod: Money;
}

/**
 * Takes the payment when a member adds or removes seats in the licence portal.
 *
 * The licence server itself sells nothing: it asks the seller for the price, has the change paid, and then changes the
 * licence.
 */
export interface SeatSeller {
  /** The price of the change now; moves no money. Throws SEATS_NOT_SOLD_HERE. */
  price(order: SeatOrder): Promise<SeatPrice>;
  /**
   * Charges exactly `dueNow`, once per key, which names licence and call: repeated after a crash it moves no money
   * again. Throws SEATS_NOT_SOLD_HERE and LICENSE_CHANGED (the price has changed); then nothing was paid. After any
   * other error it is called again with the same key.
   */
  sell(order: SeatOrder, sale: { key: string; dueNow: Money; actor: string }): Promise<void>;
}

/** The seller if none is configured: every change is refused, with what to do instead. */
export const noSeatSeller: SeatSeller = {
  async price() {
    throw new Refusal('SEATS_NOT_SOLD_HERE');
  },
  async sell() {
    throw new Refusal('SEATS_NOT_SOLD_HERE');
  },
};
