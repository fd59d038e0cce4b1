import { IntlMessageFormat } from 'intl-messageformat';
import { en } from './en/index.ts';

/** ICU messages by their codes, in as many levels as an area needs. */
export interface Messages {
  readonly [code: string]: string | Messages;
}

/** Every language that Freehold speaks; English is the one that the others are held to. */
export const languages = { en } as const satisfies Record<string, Messages>;

export type Language = keyof typeof languages;

/**
 * A message with placeholders, formatted with its values. Values that are no plain text (as markup is) stay what they
 * are, and the answer is a list: whoever writes the page escapes the texts in it. Throws where a value is undefined, so
 * that no sentence has a hole in it.
 */
export interface Text<Name extends string> {
  (values: Readonly<Record<Name, string | number>>): string;
  <Part extends object>(values: Readonly<Record<Name, string | number | Part>>): readonly (string | Part)[];
}

/** A message without placeholders is its text, any other a function of the values of its placeholders. */
export type Texts<M> = M extends string
  ? [NameIn<M>] extends [never]
    ? string
    : Text<NameIn<M>>
  : { readonly [Code in keyof M]: Texts<M[Code]> };

/** The names of the placeholders of an ICU message, also of those inside its plurals; `Within` counts the open braces. */
type NameIn<M extends string, Within extends readonly unknown[] = ['message'], Found = never> =
  // Up to the next opening brace; where a closing one comes first, one level is left.
  M extends `${infer Before}{${infer After}`
    ? Before extends `${string}}${string}`
      ? M extends `${string}}${infer Rest}`
        ? NameIn<Rest, Within extends readonly [unknown, ...infer Outer] ? Outer : [], Found>
        : Found
      : Within extends readonly ['message', ...unknown[]]
        ? NameIn<After, ['argument', ...Within], Found | NameAtStart<After>>
        : NameIn<After, ['message', ...Within], Found>
    : Found;

type NameAtStart<M extends string> = M extends `${infer Argument}}${string}`
  ? Argument extends `${infer Name},${string}`
    ? Name
    : Argument
  : never;

const made = new Map<Language, unknown>();

/** All texts of a language. A message is parsed when it is first formatted; one without placeholders never is. */
export function textsOf<L extends Language>(language: L): Texts<(typeof languages)[L]> {
  const texts = made.get(language) ?? textsFrom(languages[language], language);
  made.set(language, texts);
  return texts as Texts<(typeof languages)[L]>;
}

function textsFrom(messages: Messages, language: Language): unknown {
  return Object.fromEntries(
    Object.entries(messages).map(([code, message]) => [
      code,
      typeof message === 'string' ? textFrom(message, language) : textsFrom(message, language),
    ]),
  );
}

function textFrom(message: string, language: Language): string | Text<string> {
  if (!message.includes('{')) return message;
  let format: IntlMessageFormat | undefined;
  return ((values: Readonly<Record<string, string | number | object>>) => {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) throw new Error(`no value for "${name}" of the message "${message}"`);
    }
    format ??= new IntlMessageFormat(message, language, undefined, { ignoreTag: true });
    const parts = format.formatToParts(values).map(({ value }) => value as string | object);
    return Object.values(values).some((value) => typeof value === 'object') ? parts : parts.join('');
  }) as Text<string>;
}
