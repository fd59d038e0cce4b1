import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { consoleLines } from '../../../src/domain/operations/console-lines.ts';

describe('the last lines of a console', () => {
  test('are at most 20, oldest first, without empty ones and without what a terminal would obey', () => {
    const text = Array.from({ length: 30 }, (_each, index) => `\u001b[32mline ${index}\u001b[0m\r\n\r\n`).join('');
    expect(consoleLines(text)).toEqual(Array.from({ length: 20 }, (_each, index) => `line ${index + 10}`));
    expect(consoleLines('a\u0007b\u202ec')).toEqual(['abc']);
    expect(consoleLines('')).toEqual([]);
  });

  test.each([
    ['admin=ada@example.com started', 'ada@example.com'],
    ['{"adminEmail":"ada@example.com"}', 'ada@example.com'],
    ['authorization: Bearer abc.def', 'abc.def'],
    ['"enrollmentToken":"enr-short"', 'enr-short'],
    ['ACME_EAB_KEY=short-key', 'short-key'],
    ['password: hunter2', 'hunter2'],
    ['got eyJhbGciOiJFZERTQSJ9x1x2x3', 'eyJhbGciOiJFZERTQSJ9x1x2x3'],
    ['hmac 0123456789abcdef0123456789abcdef', '0123456789abcdef0123456789abcdef'],
    ['the word of ours: opensesame', 'opensesame'],
  ])('hide the secret in: %s', (line, secret) => {
    const [shown] = consoleLines(line, { secrets: ['opensesame'] });
    expect(shown).not.toContain(secret);
    expect(shown).toMatch(/\[(masked|address)\]/);
  });

  test('keep what tells the cause', () => {
    const lines = [
      'freehold: volume-is-awaited',
      'Out of memory: Killed process 812 (node)',
      'i0123456789abcdef node-1',
    ];
    expect(consoleLines(lines.join('\n'))).toEqual(lines);
  });

  test('are never more than 2 kB, or their share of it, whatever is printed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', maxLength: 500 })),
        fc.constantFrom(1, 1 / 3),
        (lines, share) => {
          const kept = consoleLines(lines.join('\n'), { share });
          expect(kept.length).toBeLessThanOrEqual(20);
          expect(Buffer.byteLength(kept.join('\n'))).toBeLessThanOrEqual(2_000 * share);
        },
      ),
    );
  });
});
