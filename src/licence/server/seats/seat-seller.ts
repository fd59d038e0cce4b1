import { Refusal } from '../refusal.ts';
import type { Licence } from '../store/licence.ts';

/** Minor units of a currency; a negative amount comes back to the payer. */
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
  /** To be paid at once for the rest of the running period. */
  dueNow: Money;
  /** What the licence costs per period from then on. */
  perPeriod: Money;
}

/**
 * Who takes the money when a member adds or removes seats in the licence portal.
 *
 * The licence server itself sells nothing: it asks the seller for the price, has the change paid, and then changes the
 * licence.
 */
export interface SeatSeller {
  /** What the change would cost now; moves no money. Throws SEATS_NOT_SOLD_HERE. */
  price(order: SeatOrder): Promise<SeatPrice>;
  /**
   * Has the change paid, exactly `dueNow`, once per key, which names licence and call: repeated after a crash it moves
   * no money again. Throws SEATS_NOT_SOLD_HERE and LICENSE_CHANGED (the price is another one by now); then nothing was
   * paid. Whatever else it throws is asked again under the same key.
   */
  sell(order: SeatOrder, sale: { key: string; dueNow: Money; actor: string }): Promise<void>;
}

/** The seller where none is configured: every change is refused, with what to do instead. */
export const noSeatSeller: SeatSeller = {
  async price() {
    throw new Refusal('SEATS_NOT_SOLD_HERE');
  },
  async sell() {
    throw new Refusal('SEATS_NOT_SOLD_HERE');
  },
};
