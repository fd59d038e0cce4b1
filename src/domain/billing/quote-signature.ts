import { createHmac, timingSafeEqual } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';

/** Says what the key signs, so that no signature made for something else with the same key passes for a quote's. */
const purpose = 'freehold-quote-v1\n';

/** The signature of a quote's content: HMAC-SHA256 over its canonical JSON, base64url. */
export function signQuote(content: unknown, key: string): string {
  return mac(content, key).toString('base64url');
}

/** Whether this content was signed with this key; takes the same time wherever the signature differs. */
export function verifyQuote({
  content,
  signature,
  key,
}: {
  content: unknown;
  signature: string;
  key: string;
}): boolean {
  const expected = mac(content, key);
  const given = Buffer.from(signature, 'base64url');
  // Buffer reads sloppy base64url; only the one spelling that signQuote writes is accepted.
  return (
    given.length === expected.length && timingSafeEqual(given, expected) && given.toString('base64url') === signature
  );
}

function mac(content: unknown, key: string): Buffer {
  return createHmac('sha256', key).update(purpose).update(canonicalJson(content)).digest();
}
