import { describe, expect, test } from '@jest/globals';
import { textLine } from '../../src/contracts/text-line.ts';
import { printableText } from '../../src/licence/protocol/printable.ts';

const line = textLine(60);

describe('one line of text', () => {
  test.each([
    'Ada Lovelace',
    "Søren O'Neil-Gärtner & Söhne GmbH",
    'علی\u200cرضا',
    '株式会社東芝',
    'ศรี',
    '👩\u200d🌾 Farm',
    '3M',
    'a'.repeat(60),
  ])('can be %s', (text) => {
    expect(line.parse(text)).toBe(text);
    expect(printableText(60).parse(text)).toBe(text);
  });

  test.each([
    ['NUL', 'Ada\u0000'],
    ['BEL', 'Ada\u0007 Lovelace'],
    ['CR LF', 'Ada\r\nBcc: all@example.com'],
    ['a tab', 'Ada\tLovelace'],
    ['an escape sequence of a terminal', '\u001b[2JAda'],
    ['a C1 control', 'Ada\u0085'],
    ['a mark that turns the direction', 'Ada\u202eecalevoL'],
    ['an isolate', 'Ada\u2066x\u2069'],
    ['half of a surrogate pair', 'Ada\ud800'],
    ['a separator of lines', 'Ada\u2028Lovelace'],
    ['a byte order mark inside', 'Ada\ufeffLovelace'],
    ['a zero-width space alone', '\u200b'],
    ['joiners alone', '\u200d\u200c'],
    ['a filler that looks like nothing', '\u3164'],
    ['an empty Braille cell', '\u2800'],
    ['a combining mark alone', '\u0301'],
    ['nothing', ''],
    ['more than it may', 'a'.repeat(61)],
  ])('has not %s', (_what, text) => {
    expect(line.safeParse(text).success).toBe(false);
    expect(printableText(60).safeParse(text).success).toBe(false);
  });

  test('is read without the blanks around it, composed', () => {
    expect(line.parse(' \u00a0Jose\u0301\n')).toBe('José');
    expect(line.safeParse(' \u00a0 ').success).toBe(false);
  });
});
