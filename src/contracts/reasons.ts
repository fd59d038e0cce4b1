import { accountReasons } from './reasons/accounts.ts';
import { cartReasons } from './reasons/carts.ts';
import { cloudReasons } from './reasons/clouds.ts';
import { driftReasons } from './reasons/drift.ts';
import { hostnameReasons } from './reasons/hostnames.ts';
import { licenceReasons } from './reasons/licences.ts';
import { mailReasons } from './reasons/mails.ts';
import { mismatchReasons } from './reasons/mismatches.ts';
import { operationReasons } from './reasons/operations.ts';
import { ownFaultReasons } from './reasons/own-faults.ts';
import { paymentReasons } from './reasons/payments.ts';
import { requestReasons } from './reasons/requests.ts';

/**
 * The catalogue of reason codes: one entry for every failure, by area in `reasons/`. Their sentences are in
 * `src/texts/`. Temporal failure types, problem documents, timeline events and e-mails all carry these codes and
 * nothing else.
 */
export const reasons = {
  ...requestReasons,
  ...accountReasons,
  ...cartReasons,
  ...hostnameReasons,
  ...operationReasons,
  ...paymentReasons,
  ...cloudReasons,
  ...driftReasons,
  ...licenceReasons,
  ...mailReasons,
  ...mismatchReasons,
  ...ownFaultReasons,
} as const;

export type ReasonCode = keyof typeof reasons;

/** Every code, for schemas. */
export const reasonCodes = Object.keys(reasons) as [ReasonCode, ...ReasonCode[]];

/** Whether a text is a reason code. */
export function isReasonCode(text: unknown): text is ReasonCode {
  return typeof text === 'string' && Object.hasOwn(reasons, text);
}

/**
 * A failure that carries its reason code; `detail` is for operators and may be shown to the customer; it never
 * contains secrets.
 */
export class ReasonError extends Error {
  override readonly name = 'ReasonError';
  readonly code: ReasonCode;
  readonly detail: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ReasonCode, detail?: string, options?: { cause?: unknown; retryAfterMs?: number }) {
    super(detail ? `${code}: ${detail}` : code, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.detail = detail;
    this.retryAfterMs = options?.retryAfterMs;
  }
}

/** A field of a request with the reason why it is refused; `path` names it like `addOns.users`. */
export interface RefusedField {
  path: string;
  error: ReasonError;
}

/** Several fields are refused, each for its own reason; the first one's code and detail stand for all. */
export class RefusedFields extends ReasonError {
  readonly fields: readonly RefusedField[];

  constructor(fields: readonly [RefusedField, ...RefusedField[]]) {
    super(fields[0].error.code, fields[0].error.detail);
    this.fields = fields;
  }
}
