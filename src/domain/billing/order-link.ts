import { createHmac } from 'node:crypto';

/** HMAC-SHA256 of a text for one purpose, base64url. It need not be stored: whoever has the key can derive it again. */
export function deriveSecret(key: string, { purpose, text }: { purpose: string; text: string }): string {
  return createHmac('sha256', key).update(`${purpose}\n${text}`).digest('base64url');
}

/**
 * The capability of an order: a secret that is valid for this order alone. It is derived from the order's id, so that a
 * repeated request and every mail can contain it although only its hash is stored.
 */
export function orderCapability(key: string, orderId: string): string {
  return deriveSecret(key, { purpose: 'capability', text: orderId });
}

/**
 * The link that opens the page of an order for anyone who has it; the page moves the capability into a cookie and
 * redirects to the address without it. The whole link is a secret: for answers and mails to the payer, never for logs
 * or workflows.
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
