import { z } from 'zod';
import { licenceCodeNames } from './codes.ts';

/**
 * Body of every answer with a status of 400 or more.
 *
 * Only `verdict` can stop a node: a refusal without a verdict that verifies counts as "server not reached".
 */
export const LicenceProblem = z
  .strictObject({
    code: z.enum(licenceCodeNames),
    /** Number of the code; stable for ever. */
    num: z.int(),
    title: z.string(),
    /** What exactly went wrong; never contains a key, a secret or a token. */
    detail: z.string(),
    retryable: z.boolean(),
    remedy: z.string(),
    /** The check's requestId if the call has one, otherwise an id made by the server; also in its log. */
    requestId: z.string(),
    /** Signed verdict (compact JWS) whose claim `refusal` says why the node must lock. */
    verdict: z.string().optional(),
  })
  .meta({ id: 'LicenceProblem' });
export type LicenceProblem = z.infer<typeof LicenceProblem>;
