import { createHmac } from 'node:crypto';

/**
 * A keyed value for one purpose and one text, HMAC-SHA256, base64url: it need not be stored, because whoever has the
 * key makes it again.
 */
export function deriveSecret(key: string, { purpose, text }: { purpose: string; text: string }): string {
  return createHmac('sha256', key).update(`${purpose}\n${text}`).digest('base64url');
}

/**
 * The capability of an order: a secret that concerns this order alone. It is derived from the order's id, so that a
 * repeated order request and every mail get it again although only its hash is stored.
 */
export function orderCapability(key: string, orderId: string): string {
  return deriveSecret(key, { purpose: 'capability', text: orderId });
}

/**
 * The link that opens the page of an order for whoever has it: the page keeps the capability in a cookie and goes on to
 * the clean address. A secret as a whole: for answers and mails to the payer, never for logs or workflows.
 */
export function orderPageLink({
  publicUrl,
  key,
  orderId,
}: {
  publicUrl: string;
  key: string;
  orderId: string;
}): string {
  return `${publicUrl.replace(/\/$/, '')}/orders/${orderId}?key=${orderCapability(key, orderId)}`;
}
