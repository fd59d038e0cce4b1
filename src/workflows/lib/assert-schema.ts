import type { z } from 'zod';
import { refusal } from './refusal.ts';

/** Refuses an invalid input: an error inside of a handler would fail the workflow task and block the workflow. */
export function assertSchema(schema: z.ZodType, request: unknown): void {
  const issues = schema.safeParse(request).error?.issues;
  if (!issues) return;
  throw refusal('invalid_request', issues.map(({ path, message }) => [...path, message].join(': ')).join('; '));
}
