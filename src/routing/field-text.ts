import type { z } from 'zod';
import { textsOf } from '../texts/texts.ts';

const { fields: texts } = textsOf('en');

/** How many allowed values a sentence lists. */
const listed = 20;

/**
 * The sentence about a field that does not fit its schema; it never repeats the value. Only an issue that reports its
 * input (`reportInput`) tells a missing field from one of another type.
 */
export function fieldText(issue: z.core.$ZodIssue): string {
  if ('input' in issue && issue.input === undefined) return texts.missing;
  switch (issue.code) {
    case 'invalid_type':
      return typeText(issue.expected);
    case 'too_small':
      return amountText(texts.tooFew, issue.origin)({ count: Number(issue.minimum) });
    case 'too_big':
      return amountText(texts.tooMany, issue.origin)({ count: Number(issue.maximum) });
    case 'unrecognized_keys':
      return texts.unknown({
        names: issue.keys
          .slice(0, listed)
          .map((key) => key.slice(0, 60))
          .join(', '),
      });
    case 'invalid_key':
      return texts.key;
    case 'invalid_union':
      return texts.union;
    case 'invalid_value':
      return texts.oneOf({ values: issue.values.slice(0, listed).map(String).join(', ') });
    case 'invalid_format':
      return formatText(issue.format);
    case 'not_multiple_of':
      return texts.multiple({ step: Number(issue.divisor) });
    case 'custom':
      return issue.message;
    default:
      return texts.other;
  }
}

/**
 * The issues of an input that fits none of several forms, in the form that it misses by the fewest; the issue itself if
 * no form is closer than the others.
 */
export function closestIssues(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const [closest, next] = issue.errors.toSorted((one, other) => one.length - other.length);
  if (closest === undefined || closest.length === next?.length) return [issue];
  return closest.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function typeText(expected: string): string {
  const { type } = texts;
  return Object.hasOwn(type, expected) ? type[expected as keyof typeof type] : type.other;
}

function amountText<Text>(of: { text: Text; items: Text; number: Text }, origin: string): Text {
  if (origin === 'string') return of.text;
  return ['array', 'set', 'map', 'file'].includes(origin) ? of.items : of.number;
}

function formatText(format: string): string {
  const { format: of } = texts;
  return Object.hasOwn(of, format) ? of[format as keyof typeof of] : of.other;
}
