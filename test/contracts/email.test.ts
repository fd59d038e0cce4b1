import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Email, emailKey } from '../../src/contracts/email.ts';

const refused = (text: unknown) => !Email.safeParse(text).success;

describe('an e-mail address', () => {
  test.each([
    'info@xn--80aswg.xn--p1ai',
    'sales&billing@example.com',
    'a/b@example.com',
    'user%corp@example.com',
    "o'brien+shop@example.co.uk",
    `${'a'.repeat(64)}@example.com`,
    `ana@${'a'.repeat(63)}.com`,
    'ana@freehold.localhost',
    'ana@3com.com',
  ])('can be %s', (address) => {
    expect(Email.parse(address)).toBe(address);
  });

  test.each([
    ['a hyphen at the end of a label', 'ana@example-.com'],
    ['a hyphen at the start of a label', 'ana@-example.com'],
    ['more than 64 characters before the @', `${'a'.repeat(65)}@example.com`],
    ['a label of more than 63 characters', `ana@${'a'.repeat(64)}.com`],
    ['more than 254 characters', `ana@${`${'a'.repeat(60)}.`.repeat(5)}com`],
    ['a domain of one label', 'ana@example'],
    ['a domain that ends in a number', 'ana@127.0.0.1'],
    ['an empty label', 'ana@example..com'],
    ['a dot at the end', 'ana@example.com.'],
    ['a dot before the @', 'ana.@example.com'],
    ['two dots in a row', 'a..b@example.com'],
    ['two @', 'ana@home@example.com'],
    ['nothing before the @', '@example.com'],
    ['a blank inside', 'ana maria@example.com'],
    ['a name beside it', 'Ana <ana@example.com>'],
    ['a line break', 'ana@example.com\r\nBcc: all@example.com'],
    ['letters outside ASCII before the @', 'josé@example.com'],
    ['an escaped domain', 'ana@ex%61mple.com'],
    ['a path', 'ana@bücher.example/x'],
    ['a port', 'ana@bücher.example:80'],
    ['no text', 5],
  ])('has not %s', (_what, address) => {
    expect(refused(address)).toBe(true);
  });

  test('is read without the blanks around it, its domain as DNS has it', () => {
    expect(Email.parse(' \tAna@Example.COM\n')).toBe('Ana@example.com');
    expect(Email.parse('ana@bücher.example')).toBe('ana@xn--bcher-kva.example');
    expect(Email.parse('info@сайт.рф')).toBe('info@xn--80aswg.xn--p1ai');
    expect(Email.parse('ana@bücher。example')).toBe('ana@xn--bcher-kva.example');
  });

  test('has one form for comparison, however it is typed', () => {
    expect(emailKey(' ANA@BÜCHER.example')).toBe(emailKey('ana@xn--bcher-kva.example'));
  });

  test('reading it again changes nothing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.emailAddress(), fc.string({ unit: 'grapheme' })), (text) => {
        const { data } = Email.safeParse(text);
        if (data !== undefined) expect(Email.parse(data)).toBe(data);
      }),
    );
  });
});
