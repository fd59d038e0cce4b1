import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { IntlMessageFormat } from 'intl-messageformat';
import { languages, type Messages } from '../../src/texts/texts.ts';

type Element = ReturnType<IntlMessageFormat['getAst']>[number];

/** The placeholders of a message by their kinds (plain, plural, select …), also of those inside plurals and selects. */
function placeholders(message: string, language: string): string[] {
  const found = new Set<string>();
  const walk = (elements: readonly Element[]): void => {
    for (const element of elements) {
      const isLiteral = element.type === 0;
      const isPound = element.type === 7;
      if (!isLiteral && !isPound) found.add(`${element.value}:${element.type}`);
      if ('options' in element) for (const { value } of Object.values(element.options)) walk(value);
    }
  };
  walk(new IntlMessageFormat(message, language, undefined, { ignoreTag: true }).getAst());
  return [...found].sort();
}

/** Every message by its whole code, as `livePage.late`. */
function flat(messages: Messages, before = ''): Map<string, string> {
  return new Map(
    Object.entries(messages).flatMap(([code, message]) =>
      typeof message === 'string'
        ? [[before + code, message] as const]
        : [...flat(message, `${before}${code}.`).entries()],
    ),
  );
}

/** Where a language does not say what English says: codes that one of them lacks, and placeholders that differ. */
function differences(english: Messages, other: Messages, language: string): string[] {
  const [ours, theirs] = [flat(english), flat(other)];
  const missing = [...ours.keys()].filter((code) => !theirs.has(code)).map((code) => `${code} is missing`);
  const unknown = [...theirs.keys()].filter((code) => !ours.has(code)).map((code) => `${code} is unknown`);
  const uneven = [...ours].flatMap(([code, message]) => {
    const translated = theirs.get(code);
    if (translated === undefined) return [];
    const [wanted, found] = [placeholders(message, 'en'), placeholders(translated, language)].map(String);
    return wanted === found ? [] : [`${code} has other placeholders`];
  });
  return [...missing, ...unknown, ...uneven];
}

test('every folder of texts is a language that is offered', () => {
  const folders = readdirSync(join(import.meta.dirname, '../../src/texts'), { withFileTypes: true });
  expect(folders.filter((entry) => entry.isDirectory()).map(({ name }) => name)).toEqual(Object.keys(languages));
});

test.each(Object.entries(languages))('%s: every message is well-formed and none is empty', (language, messages) => {
  const all = flat(messages);
  expect(all.size).toBeGreaterThan(300);
  for (const [code, message] of all) {
    expect([code, message.trim()]).not.toEqual([code, '']);
    expect(() => placeholders(message, language)).not.toThrow();
  }
});

test.each(Object.entries(languages))('%s has the codes and placeholders of English', (language, messages) => {
  expect(differences(languages.en, messages, language)).toEqual([]);
});

test('a language that differs is found', () => {
  const english = {
    ready: { title: 'Ready', lead: '{name} is ready' },
    days: '{count, plural, one {# day for {name}} other {# days for {name}}}',
  };
  const same = {
    ready: { title: 'Listo', lead: 'Ya está {name}' },
    days: '{count, plural, one {# día para {name}} many {# de días para {name}} other {# días para {name}}}',
  };
  expect(differences(english, same, 'es')).toEqual([]);
  const wrong = {
    ready: { title: 'Listo', lead: 'Ya está {nombre}' },
    days: '{count} días para {name}',
    dias: 'días',
  };
  expect(differences(english, wrong, 'es')).toEqual([
    'dias is unknown',
    'ready.lead has other placeholders',
    'days has other placeholders',
  ]);
  expect(differences(english, { ready: { title: 'Listo' } }, 'es')).toEqual([
    'ready.lead is missing',
    'days is missing',
  ]);
});
