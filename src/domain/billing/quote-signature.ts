import { createHmac, timingSafeEqual } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';

/** Domain separation: a signature made with the same key for another purpose is not valid for a quote. */
const purpose = 'freehold-quote-v1\n';

/** The signature of a quote's content: HMAC-SHA256 over its canonical JSON, base64url. */
export function signQuote(content: unknown, key: string): string {
  return mac(content, key).toString('base64url');
}

/** Whether this content was signed with this key; compares in constant time. */
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
  // Buffer accepts sloppy base64url; only the exact form that signQuote writes is valid.
  return (
    given.length === expected.length && timingSafeEqual(given, expected) && given.toString('base64url') === signature
  );
}

function mac(content: unknown, key: string): Buffer {
  return createHmac('sha256', key).update(purpose).update(canonicalJson(content)).digest();
}
