import { type Reasons, reason } from './reason.ts';

/** What any request can break, whatever it asks for. */
export const requestReasons = {
  invalid_request: reason('request', 422, {
    customer: 'Some of the details are not valid.',
    operator: 'The request does not fit its schema.',
    next: 'Correct the named fields and send the request again.',
  }),
  malformed_body: reason('request', 400, {
    customer: 'The request could not be read.',
    operator: 'The body is not JSON of an accepted size.',
    next: 'Send a JSON document within the size limit.',
  }),
  body_too_large: reason('request', 413, {
    customer: 'The request is too large.',
    operator: 'The body is over the size limit of this route.',
    next: 'Send a smaller document.',
  }),
  unsupported_media_type: reason('request', 415, {
    customer: 'The request is in a format that is not understood here.',
    operator: 'The Content-Type of the body is not the one of this route.',
    next: 'Send the body as application/json.',
  }),
  method_not_allowed: reason('request', 405, {
    customer: 'This address does not take this kind of request.',
    operator: 'The path exists, the method does not; Allow names those that do.',
    next: 'Use one of the methods in Allow.',
  }),
  not_found: reason('request', 404, {
    customer: 'There is nothing here under this address.',
    operator: 'No such record, or it belongs to another account.',
    next: 'Check the address.',
  }),
  too_many_requests: reason(
    'request',
    429,
    {
      customer: 'Too many requests. Please wait a moment.',
      operator: 'A rate limit was reached.',
      next: 'Wait for the time in Retry-After.',
    },
    true,
  ),
  idempotency_key_missing: reason('request', 400, {
    customer: 'The request lacks its Idempotency-Key.',
    operator: 'POST /v1/orders needs an Idempotency-Key header.',
    next: 'Send the header with a value that is unique to this order.',
  }),
  idempotency_key_reused: reason('request', 409, {
    customer: 'This request was already used for another order.',
    operator: 'The same Idempotency-Key came with another body.',
    next: 'Use a new Idempotency-Key for a new order.',
  }),
  email_invalid: reason('request', 422, {
    customer: 'This is not a valid e-mail address.',
    operator: 'An e-mail address does not fit its schema.',
    next: 'Correct the address.',
  }),
} as const satisfies Reasons;
