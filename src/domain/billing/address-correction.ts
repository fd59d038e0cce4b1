import { emailKey } from '../../contracts/email.ts';

/** The people of an order who get mail. */
export type MailRecipient = 'administrator' | 'payer';

/** A wrong address of an order, and the one that an operator put in its place. */
export interface AddressCorrection {
  at: Date;
  /** As the order had it. */
  from: string;
  to: string;
  /** Whose address it was. */
  recipients: MailRecipient[];
  /** The operator, why they did it, and by which request. */
  by: string;
  why: string;
  requestId: string;
}

export interface AddressedOrder {
  billingEmail: string;
  adminEmail: string;
  /** Oldest first; absent where no address was corrected. */
  corrections?: readonly AddressCorrection[] | undefined;
}

/** What a correction from `from` to `to` replaces in an order; undefined where the order does not have `from`. */
export function replacedBy(
  order: AddressedOrder,
  { from, to }: { from: string; to: string },
): Pick<AddressCorrection, 'from' | 'to' | 'recipients'> | undefined {
  const wrong = emailKey(from);
  const addresses = { payer: order.billingEmail, administrator: order.adminEmail };
  const recipients = (['payer', 'administrator'] as const).filter(
    (recipient) => emailKey(addresses[recipient]) === wrong && addresses[recipient] !== to,
  );
  const [first] = recipients;
  return first && { from: addresses[first], to, recipients };
}

/** The correction that has put `to` in the place of `from` and still holds, with its number from 1. */
export function correctionMade(
  order: AddressedOrder,
  { from, to }: { from: string; to: string },
): { number: number; correction: AddressCorrection } | undefined {
  const current = { administrator: order.adminEmail, payer: order.billingEmail };
  const { corrections = [] } = order;
  const index = corrections.findLastIndex(
    (made) =>
      emailKey(made.from) === emailKey(from) &&
      made.to === to &&
      made.recipients.some((recipient) => current[recipient] === to),
  );
  const correction = corrections[index];
  return correction && { number: index + 1, correction };
}

/** How often the address of a recipient was corrected. A mail to a corrected address is another mail. */
export function timesCorrected({ corrections = [] }: Pick<AddressedOrder, 'corrections'>, recipient: string): number {
  return corrections.filter(({ recipients }) => recipients.some((each) => each === recipient)).length;
}

/** The payer's address as it was ordered: the bill's customer is created with it, whatever is corrected meanwhile. */
export function orderedBillingEmail({ billingEmail, corrections = [] }: AddressedOrder): string {
  return corrections.find(({ recipients }) => recipients.includes('payer'))?.from ?? billingEmail;
}
