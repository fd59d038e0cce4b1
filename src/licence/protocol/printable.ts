import { z } from 'zod';

/** Control characters, unpaired surrogates, direction marks and separators of lines; the joiners are part of words. */
const unprintable = /(?![\u200c\u200d])[\p{C}\p{Zl}\p{Zp}]/u;
const visible = /(?![\p{Default_Ignorable_Code_Point}\u2800])[\p{L}\p{N}\p{P}\p{S}]/u;

/** One line that is shown to people: a name, a place, a reason; `longest` in UTF-16 units. */
export function printableText(longest: number) {
  return z
    .string()
    .min(1)
    .max(longest)
    .refine((text) => visible.test(text) && !unprintable.test(text), 'Use printable characters on one line.');
}
