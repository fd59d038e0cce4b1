import { type AddressedOrder, timesCorrected } from '../domain/billing/address-correction.ts';

/** Kind of the mail with the link of an order; whoever sends it first, there is one. */
export const orderLinkKind = 'link';

/**
 * Message-ID of a mail about an order: the same mail to the same address always has the same one. After the address of
 * its recipient was corrected it is another mail.
 */
export function orderMessageId({
  order,
  recipient,
  kind,
  baseDomain,
}: {
  order: { _id: string } & Pick<AddressedOrder, 'corrections'>;
  recipient: 'administrator' | 'payer';
  kind: string;
  baseDomain: string;
}): string {
  const times = timesCorrected(order, recipient);
  return `<${order._id}-${kind}${times > 0 ? `-corrected-${times}` : ''}@${baseDomain}>`;
}
