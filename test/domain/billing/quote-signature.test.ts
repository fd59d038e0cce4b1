import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from '../../../src/domain/billing/canonical-json.ts';
import { signQuote, verifyQuote } from '../../../src/domain/billing/quote-signature.ts';

const key = 'a key of sixteen or more characters';
const content = { id: 'quo_1', total: 3_509, tax: { country: 'ES', basisPoints: 2_100 }, lines: [{ amount: 2_900 }] };

describe('the signature of a quote', () => {
  test('holds for the same content in any order of fields', () => {
    const signature = signQuote(content, key);
    expect(signature).toMatch(/^[\w-]{43}$/);
    const turned = Object.fromEntries(Object.entries(content).reverse());
    expect(verifyQuote({ content: turned, signature, key })).toBe(true);
  });

  test('breaks with any other content', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (signed, shown) => {
        const same = canonicalJson(signed) === canonicalJson(shown);
        expect(verifyQuote({ content: shown, signature: signQuote(signed, key), key })).toBe(same);
      }),
    );
  });

  test('breaks with another key', () => {
    expect(verifyQuote({ content, signature: signQuote(content, key), key: `${key}!` })).toBe(false);
  });

  test('breaks with any change of its own text', () => {
    const signature = signQuote(content, key);
    for (const altered of ['', 'x', `${signature}=`, `${signature} `, signature.slice(1), `${signature}A`]) {
      expect(verifyQuote({ content, signature: altered, key })).toBe(false);
    }
    // The last character carries two bits that decoding drops.
    const last = signature.at(-1)!;
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    for (const other of alphabet.replace(last, '')) {
      expect(verifyQuote({ content, signature: signature.slice(0, -1) + other, key })).toBe(false);
    }
  });
});
