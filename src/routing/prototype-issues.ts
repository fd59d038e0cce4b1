import type { z } from 'zod';

/**
 * One issue for each object of a JSON body that has a member `__proto__`: schemas of records leave it out without a
 * word, so the caller would believe that it was taken.
 */
export function prototypeIssues(body: unknown): z.core.$ZodIssueUnrecognizedKeys[] {
  const issues: z.core.$ZodIssueUnrecognizedKeys[] = [];
  const left: { value: unknown; path: string[] }[] = [{ value: body, path: [] }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { value, path } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (Object.hasOwn(value, '__proto__')) {
      issues.push({
        code: 'unrecognized_keys',
        keys: ['__proto__'],
        path,
        message: '',
        input: value as Record<string, unknown>,
      });
    }
    for (const [name, inner] of Object.entries(value)) {
      if (typeof inner === 'object' && inner !== null) left.push({ value: inner, path: [...path, name] });
    }
  }
  return issues;
}
