import { z } from 'zod';
import { licenceCodeNames } from './codes.ts';
import { WireInstanceId } from './requests.ts';
import { Notice } from './verdict.ts';

/** Answers of the public calls, as printed on the wire. */

/** 201 of activation and of redeem; 200 when the same activationId is repeated before the first check. */
export const ActivationAnswer = z.object({ instanceId: WireInstanceId, secret: z.string(), license: z.string() });
export type ActivationAnswer = z.infer<typeof ActivationAnswer>;

/** 200 of check and of recover; the header `Idempotent-Replay: true` marks a repeated answer. */
export const CheckAnswer = z.object({
  secret: z.string(),
  license: z.string(),
  /** Whether the entitlements changed since the last check of this node. */
  planChanged: z.boolean(),
  notices: z.array(Notice),
});
export type CheckAnswer = z.infer<typeof CheckAnswer>;

/** 200 of validate. `seats` and `plan` are null if the key proves nothing. */
export const ValidateAnswer = z.object({
  valid: z.boolean(),
  code: z.enum(['VALID', ...licenceCodeNames]),
  detail: z.string(),
  /** ISO date of the answer. */
  ts: z.string(),
  nonce: z.string().nullable(),
  plan: z.string().nullable(),
  seats: z.object({ limit: z.int(), used: z.int() }).nullable(),
});
export type ValidateAnswer = z.infer<typeof ValidateAnswer>;

export const replayHeader = 'Idempotent-Replay';

/** Headers of an answer that may be a repeated one. */
export const ReplayHeaders = z.object({
  'idempotent-replay': z.literal('true').optional().describe('Present when this is the answer of an earlier call.'),
});
