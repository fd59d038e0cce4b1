/** Kind of the mail with the link of an order; whoever sends it first, there is one. */
export const orderLinkKind = 'link';

/** Message-ID of a mail about an order: the same mail always has the same one. */
export function orderMessageId({
  orderId,
  kind,
  baseDomain,
}: {
  orderId: string;
  kind: string;
  baseDomain: string;
}): string {
  return `<${orderId}-${kind}@${baseDomain}>`;
}
