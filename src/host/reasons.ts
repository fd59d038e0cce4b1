import { textsOf } from '../texts/texts.ts';

/**
 * Everything that this product refuses, by code, with its HTTP status. Pages and problem documents are both made from
 * these and from the sentences that `src/texts/` has for the same codes.
 */
export const hostReasons = {
  invalid_input: 422,
  malformed_body: 400,
  body_too_large: 413,
  unsupported_media_type: 415,
  not_found: 404,
  unknown_host: 421,
  cross_site: 403,
  csrf_mismatch: 403,
  not_signed_in: 401,
  wrong_credentials: 401,
  only_administrator: 403,
  address_not_admitted: 403,
  account_exists: 409,
  already_there: 409,
  domain_in_use: 409,
  administrator_stays: 409,
  limit_reached: 409,
  too_many_requests: 429,
  credential_wrong: 401,
  licence_locked: 423,
  licence_stopped: 503,
  starting: 503,
  internal: 500,
} as const satisfies Record<string, number>;

export type HostReasonCode = keyof typeof hostReasons;

export interface FieldFault {
  field: string;
  message: string;
}

/** A refusal with its reason code; `detail` is shown to the user and never contains a secret. */
export class HostError extends Error {
  override readonly name = 'HostError';
  readonly code: HostReasonCode;
  readonly detail: string | undefined;
  readonly faults: FieldFault[];
  /** Members of the problem document in addition to the standard ones. */
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(
    code: HostReasonCode,
    options: { detail?: string; faults?: FieldFault[]; facts?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(options.detail ? `${code}: ${options.detail}` : code, { cause: options.cause });
    this.code = code;
    this.detail = options.detail;
    this.faults = options.faults ?? [];
    this.facts = options.facts ?? {};
  }
}

/** What a refusal says to the person in front of it, and what they can do next. */
export function hostReasonText(code: HostReasonCode): { title: string; next: string } {
  return textsOf('en').host.reasons[code];
}

/** The problem document (RFC 9457) of a refusal. */
export function problemOf(error: HostError, requestId: string): Record<string, unknown> {
  const { title, next } = hostReasonText(error.code);
  return {
    ...error.facts,
    type: `urn:freehold:host:problem:${error.code}`,
    title,
    status: hostReasons[error.code],
    code: error.code,
    detail: error.detail ?? title,
    next,
    requestId,
    ...(error.faults.length > 0 ? { faults: error.faults } : {}),
  };
}
