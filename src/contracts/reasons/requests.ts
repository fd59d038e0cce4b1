import { type Reasons, reason } from './reason.ts';

/** Errors that any request can have. */
export const requestReasons = {
  invalid_request: reason('request', 422),
  malformed_body: reason('request', 400),
  body_too_large: reason('request', 413),
  unsupported_media_type: reason('request', 415),
  method_not_allowed: reason('request', 405),
  not_found: reason('request', 404),
  too_many_requests: reason('request', 429, { retryable: true }),
  idempotency_key_missing: reason('request', 400),
  idempotency_key_reused: reason('request', 409),
  email_invalid: reason('request', 422),
  address_not_there: reason('request', 409),
} as const satisfies Reasons;
