/**
 * Every refusal of this product: one code, one HTTP status, one sentence for the user and one that says what to do
 * next. Pages and problem documents are both made from these.
 */

interface HostReason {
  readonly status: number;
  readonly title: string;
  readonly next: string;
}

function reason(status: number, title: string, next: string): HostReason {
  return { status, title, next };
}

export const hostReasons = {
  invalid_input: reason(422, 'Some of the details are not valid.', 'Correct the named fields and send them again.'),
  malformed_body: reason(400, 'The request could not be read.', 'Send a body in the format that this address takes.'),
  body_too_large: reason(413, 'The request is too large.', 'Send less at once.'),
  unsupported_media_type: reason(415, 'This format is not accepted here.', 'Send JSON as application/json.'),
  not_found: reason(404, 'There is nothing here under this address.', 'Check the address.'),
  unknown_host: reason(421, 'This server does not answer for this name.', 'Use one of the names of this server.'),
  cross_site: reason(403, 'This request came from another website.', 'Use the pages of this server.'),
  csrf_mismatch: reason(403, 'This page is out of date.', 'Reload the page and try again.'),
  not_signed_in: reason(401, 'Please sign in first.', 'Sign in and try again.'),
  wrong_credentials: reason(401, 'The e-mail address or the password is wrong.', 'Check both and try again.'),
  only_administrator: reason(
    403,
    'Only the administrator of this server may do this.',
    'Ask the administrator of this server.',
  ),
  address_not_admitted: reason(
    403,
    'This address is not authorised to create an account on this server.',
    'Use the address of the administrator, or ask the administrator to admit yours first.',
  ),
  account_exists: reason(409, 'There is an account with this address already.', 'Sign in instead.'),
  already_there: reason(409, 'This is there already.', 'Choose another one.'),
  domain_in_use: reason(409, 'A brand uses this domain.', 'Remove the brand first, then the domain.'),
  administrator_stays: reason(
    409,
    'The administrator cannot be removed.',
    'Change the administrator where you manage this server.',
  ),
  limit_reached: reason(
    409,
    'The plan of this server allows no more.',
    'Remove one that is no longer needed, or change the plan or the add-ons where you manage this server.',
  ),
  too_many_requests: reason(429, 'Too many attempts. Please wait a moment.', 'Wait for the time in Retry-After.'),
  credential_wrong: reason(
    401,
    'The credential of the device is missing or wrong.',
    'Send the credential that was shown when the device was created, as a bearer token.',
  ),
  licence_locked: reason(
    423,
    'The licence of this server does not allow changes at the moment.',
    'Put the licence in order where you manage this server; changes are possible again after its next check.',
  ),
  licence_stopped: reason(
    503,
    'The licence of this server does not allow it to run at the moment.',
    'Put the licence in order where you manage this server; it runs again after the next check.',
  ),
  starting: reason(
    503,
    'This server is still registering its licence.',
    'Wait a moment and try again; this happens once, at the first start.',
  ),
  internal: reason(500, 'Something went wrong on this server.', 'Try again; the log names the request id.'),
} as const satisfies Record<string, HostReason>;

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

/** The problem document (RFC 9457) of a refusal. */
export function problemOf(error: HostError, requestId: string): Record<string, unknown> {
  const { status, title, next } = hostReasons[error.code];
  return {
    ...error.facts,
    type: `urn:freehold:host:problem:${error.code}`,
    title,
    status,
    code: error.code,
    detail: error.detail ?? title,
    next,
    requestId,
    ...(error.faults.length > 0 ? { faults: error.faults } : {}),
  };
}
