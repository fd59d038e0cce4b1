/** Errors that any request can have. */
export const requestReasonTexts = {
  invalid_request: {
    customer: 'Some of the details are not valid.',
    operator: 'The request does not fit its schema.',
    next: 'Correct the named fields and send the request again.',
  },
  malformed_body: {
    customer: 'The request could not be read.',
    operator: 'The body is not JSON of an accepted size.',
    next: 'Send a JSON document within the size limit.',
  },
  body_too_large: {
    customer: 'The request is too large.',
    operator: 'The body is over the size limit of this route.',
    next: 'Send a smaller document.',
  },
  unsupported_media_type: {
    customer: 'The format of the request is not supported here.',
    operator: 'The Content-Type of the body is not the one of this route.',
    next: 'Send the body as application/json.',
  },
  method_not_allowed: {
    customer: 'This address does not take this kind of request.',
    operator: 'The path does not support this method; Allow lists those that it does.',
    next: 'Use one of the methods in Allow.',
  },
  not_found: {
    customer: 'There is nothing here under this address.',
    operator: 'No such record, or it belongs to another account.',
    next: 'Check the address.',
  },
  too_many_requests: {
    customer: 'Too many requests. Please wait a moment.',
    operator: 'A rate limit was reached.',
    next: 'Wait a moment and try again; the header Retry-After says how many seconds.',
  },
  idempotency_key_missing: {
    customer: 'The request lacks its Idempotency-Key.',
    operator: 'This call needs the header Idempotency-Key.',
    next: 'Send the header with a value that is unique to this request.',
  },
  idempotency_key_reused: {
    customer: 'The key of this request was already used for another request.',
    operator: 'The same Idempotency-Key came with another body.',
    next: 'Send the request with a new Idempotency-Key.',
  },
  email_invalid: {
    customer: 'This is not a valid e-mail address.',
    operator: 'An e-mail address does not fit its schema.',
    next: 'Correct the address. It has the form name@example.com; before the @ it has Latin letters, digits and signs, at most 64.',
  },
  address_not_there: {
    customer: 'This order does not have that e-mail address.',
    operator: 'Neither the payer nor the administrator of the order has the address that is to be replaced.',
    next: 'See the addresses of the order (freehold orders show), and name the wrong one as it stands there.',
  },
} as const;
