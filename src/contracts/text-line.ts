import { z } from 'zod';

/** Control characters, unpaired surrogates, direction marks and separators of lines; the joiners are part of words. */
const unprintable = /(?![\u200c\u200d])[\p{C}\p{Zl}\p{Zp}]/u;
const visible = /(?![\p{Default_Ignorable_Code_Point}\u2800])[\p{L}\p{N}\p{P}\p{S}]/u;

/** Whether a text can be shown on one line anywhere, on a bill as well as in a terminal, and shows something. */
export function isPrintable(text: string): boolean {
  return visible.test(text) && !unprintable.test(text);
}

/**
 * One line that a person wrote: a name, a street, a remark. Without blanks around it, in Unicode's composed form, so
 * that equal texts are equal; `longest` in UTF-16 units.
 */
export function textLine(longest: number) {
  return z
    .string()
    .trim()
    .normalize('NFC')
    .min(1)
    .max(longest)
    .refine(isPrintable, 'Use printable characters on one line.');
}
