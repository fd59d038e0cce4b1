import { z } from 'zod';
import { reasonCodes } from './reasons.ts';

/** One field of a request that is not valid; `path` names it like `addOns.users`. */
export const FieldProblem = z
  .strictObject({
    path: z.string(),
    /** The reason, where the field has one of its own. */
    code: z.enum(reasonCodes).optional(),
    message: z.string(),
  })
  .meta({ id: 'FieldProblem' });

/** Every error response: an RFC 9457 problem document (`application/problem+json`) with our reason code. */
export const Problem = z
  .strictObject({
    /** URI of the kind of problem: `<public address>/docs/problems#<code>`. */
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.enum(reasonCodes),
    /** Detail about this occurrence. */
    detail: z.string().optional(),
    /** What to do next. */
    next: z.string(),
    requestId: z.string(),
    /** Whether the same request may succeed later without any change. */
    retryable: z.boolean(),
    errors: z.array(FieldProblem).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem document with a reason code.' });
export type Problem = z.infer<typeof Problem>;
