import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { catalogue } from '../../../src/domain/catalogue/catalogue-data.ts';
import { hostnameOf, nameVariants, parseName } from '../../../src/domain/hostnames/hostname.ts';
import { thrown } from '../thrown.ts';

const letter = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz');
const word = fc.stringMatching(/^[a-z0-9]{1,6}$/);
/** Well-formed names by construction, most of them not reserved. */
const wellFormed = fc
  .tuple(letter, fc.array(word, { minLength: 1, maxLength: 5 }))
  .map(([first, words]) => `${first}${words.join('-')}`.slice(0, 40).replace(/-$/, ''))
  .filter((name) => name.length >= 3);

describe('the name of a server', () => {
  test.each([
    ['acme', 'acme'],
    ['  Acme-2 \n', 'acme-2'],
    ['abc', 'abc'],
    [`a${'b'.repeat(39)}`, `a${'b'.repeat(39)}`],
  ])('%j is read as %j', (text, name) => {
    expect(parseName(text)).toBe(name);
  });

  test.each([
    ['', 'at least 3'],
    ['ab', 'at least 3'],
    ['a'.repeat(41), 'at most 40'],
    ['-Acme_', 'only the letters'],
    ['-acme', 'begin with a letter'],
    ['1acme', 'begin with a letter'],
    ['acme-', 'end with a hyphen'],
    ['ac--me', 'two hyphens'],
    ['xn--80ak6aa92e', 'two hyphens'],
    ['acme.corp', 'only the letters'],
    ['ac me', 'only the letters'],
    ['аcme', 'only the letters'],
    ['ａｃｍｅ', 'only the letters'],
    ['acme\u200b', 'only the letters'],
    ['acme\u0000', 'only the letters'],
    ['İstanbul', 'only the letters'],
  ])('%j is malformed: %s', (text, rule) => {
    const error = thrown(() => parseName(text));
    expect(error.code).toBe('hostname_malformed');
    expect(error.detail).toContain(rule);
  });

  test.each(['www', 'api', 'MAIL', 'admin', 'status', 'do', 'aws', 'gcp', 'azure', 'local', 'postmaster'])(
    '%s is reserved',
    (text) => {
      expect(thrown(() => parseName(text)).code).toBe('hostname_reserved');
    },
  );

  test('every label of a cloud is reserved', () => {
    for (const cloud of catalogue.clouds) {
      expect(thrown(() => parseName(cloud.label)).code).toBe('hostname_reserved');
    }
  });

  test('whatever is typed ends as one DNS label or as one of two reasons', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), wellFormed), (text) => {
        let name: string;
        try {
          name = parseName(text);
        } catch {
          expect(['hostname_malformed', 'hostname_reserved']).toContain(thrown(() => parseName(text)).code);
          return;
        }
        expect(name).toMatch(/^[a-z](?:-?[a-z0-9])+$/);
        expect(name.length).toBeLessThanOrEqual(40);
        expect(parseName(name)).toBe(name);
        expect(new URL(`https://${name}.example`).hostname).toBe(`${name}.example`);
      }),
    );
  });

  test('well-formed names that are not reserved pass', () => {
    fc.assert(
      fc.property(wellFormed, (name) => {
        expect(() => parseName(`x${name}x`.slice(0, 40).replace(/-$/, ''))).not.toThrow();
      }),
    );
  });
});

describe('the hostname', () => {
  test('is name, label of the cloud and base domain', () => {
    const of = (cloud: 'digitalocean' | 'local') =>
      hostnameOf({ name: 'acme', cloud }, catalogue, 'freehold.localhost');
    expect(of('digitalocean')).toBe('acme.do.freehold.localhost');
    expect(of('local')).toBe('acme.local.freehold.localhost');
  });

  test('a taken name has several variants, each usable and another', () => {
    fc.assert(
      fc.property(wellFormed, (name) => {
        const variants = nameVariants(name);
        expect(variants.length).toBeGreaterThan(10);
        expect(new Set(variants).size).toBe(variants.length);
        expect(variants).not.toContain(name);
        for (const variant of variants) expect(parseName(variant)).toBe(variant);
      }),
    );
  });
});
