/**
 * The catalogue of reason codes: one entry for every way in which something can fail.
 * Temporal failure types, problem documents, timeline events and e-mails all carry these codes and nothing else.
 */

export type Plane = 'request' | 'payment' | 'cloud' | 'dns' | 'licence' | 'mail' | 'internal';

export interface Reason {
  readonly plane: Plane;
  /** HTTP status when the reason ends a request. */
  readonly status: number;
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  readonly customer: string;
  readonly operator: string;
  /** What to do next, as an imperative sentence. */
  readonly next: string;
}

function reason(
  plane: Plane,
  status: number,
  text: { customer: string; operator: string; next: string },
  retryable = false,
): Reason {
  return { plane, status, retryable, ...text };
}

/** For the catalogue's sake: no customer is shown a mismatch. */
const unfitting = 'Our records are being put in order.';

export const reasons = {
  // request
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
  not_signed_in: reason('request', 401, {
    customer: 'Please sign in first.',
    operator: 'The request carries no valid session, capability or token.',
    next: 'Sign in and try again.',
  }),
  not_allowed: reason('request', 403, {
    customer: 'Your role does not allow this.',
    operator: 'The member lacks the role that this route asks for.',
    next: 'Ask an administrator of the account.',
  }),
  csrf_mismatch: reason('request', 403, {
    customer: 'This page is out of date. Reload it and try again.',
    operator: 'The CSRF token is missing or does not belong to the session.',
    next: 'Reload the page.',
  }),
  sign_in_code_wrong: reason('request', 401, {
    customer: 'This code is wrong or no longer valid.',
    operator: 'The one-time code is unknown, used, expired or guessed too often.',
    next: 'Ask for a new code.',
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
  plan_unknown: reason('request', 422, {
    customer: 'There is no such plan.',
    operator: 'The plan is not in the catalogue.',
    next: 'Choose a plan of the catalogue.',
  }),
  cloud_unknown: reason('request', 422, {
    customer: 'There is no such cloud.',
    operator: 'The cloud is not in the catalogue.',
    next: 'Choose a cloud of the catalogue.',
  }),
  cloud_not_enabled: reason('request', 422, {
    customer: 'This cloud is not enabled here.',
    operator: 'The catalogue lists the cloud, but this installation does not sell it.',
    next: 'Choose another cloud.',
  }),
  region_unknown: reason('request', 422, {
    customer: 'There is no such region on this cloud.',
    operator: 'The region is not in the catalogue of this cloud.',
    next: 'Choose a region of the cloud.',
  }),
  zone_unknown: reason('request', 422, {
    customer: 'There is no such zone in this region.',
    operator: 'The zone is not in the catalogue of this region.',
    next: 'Choose a zone of the region.',
  }),
  size_unavailable: reason('request', 422, {
    customer: 'This plan is not available in this region.',
    operator: "The region does not offer the plan's machine size.",
    next: 'Choose another region.',
  }),
  topology_not_enabled: reason('request', 422, {
    customer: 'This plan is not sold on that many nodes here.',
    operator: 'The topology is not in the catalogue of the plan, or not enabled there.',
    next: 'Order the plan on one node.',
  }),
  cycle_unknown: reason('request', 422, {
    customer: 'Plans are billed monthly or yearly.',
    operator: 'The billing cycle is not in the catalogue.',
    next: 'Choose monthly or yearly.',
  }),
  add_on_unknown: reason('request', 422, {
    customer: 'There is no such add-on.',
    operator: 'The add-on is not in the catalogue.',
    next: 'Choose an add-on of the catalogue.',
  }),
  add_on_not_allowed: reason('request', 422, {
    customer: 'This plan does not allow this add-on.',
    operator: 'The plan excludes the add-on.',
    next: 'Remove the add-on or choose the plan that the detail names.',
  }),
  brand_needs_domain: reason('request', 422, {
    customer: 'Each brand needs a custom domain of its own.',
    operator: 'The cart has more brands than domains.',
    next: 'Add as many domains as brands.',
  }),
  quantity_out_of_range: reason('request', 422, {
    customer: 'This quantity is not offered.',
    operator: 'The quantity of an add-on is outside of what the catalogue sells.',
    next: 'Choose a quantity in the range that the detail names.',
  }),
  country_unknown: reason('request', 422, {
    customer: 'There is no such country.',
    operator: 'The billing country is not an ISO 3166 code that the tax table knows.',
    next: 'Choose a country of the list.',
  }),
  email_invalid: reason('request', 422, {
    customer: 'This is not a valid e-mail address.',
    operator: 'An e-mail address does not fit its schema.',
    next: 'Correct the address.',
  }),
  hostname_malformed: reason('request', 422, {
    customer: 'This name cannot be used as a hostname.',
    operator: 'The name breaks a rule of hostnames; the detail names it.',
    next: 'Use 3 to 40 letters, digits and single hyphens, beginning with a letter.',
  }),
  hostname_reserved: reason('request', 422, {
    customer: 'This name is reserved.',
    operator: 'The name is on the list of reserved names.',
    next: 'Choose another name.',
  }),
  hostname_taken: reason('request', 409, {
    customer: 'This name is taken.',
    operator: 'Another instance owns the name.',
    next: 'Choose another name.',
  }),
  hostname_held: reason('request', 409, {
    customer: 'Somebody else is just ordering this name.',
    operator: 'Another open quote or order holds the name.',
    next: 'Choose another name or try again later.',
  }),
  too_many_holds: reason('request', 429, {
    customer: 'You hold too many names without having paid for one.',
    operator: 'The limit of unpaid holds per account or per address is reached.',
    next: 'Pay or cancel an open order, or wait until a hold ends.',
  }),
  quote_expired: reason('request', 409, {
    customer: 'This quote has expired.',
    operator: 'The quote is older than its validity.',
    next: 'Ask for a new quote.',
  }),
  quote_altered: reason('request', 409, {
    customer: 'This quote was changed after we signed it.',
    operator: 'The signature of the quote does not match.',
    next: 'Ask for a new quote.',
  }),
  quote_used: reason('request', 409, {
    customer: 'This quote was already ordered.',
    operator: 'Another order exists for this quote.',
    next: 'Look at the order, or ask for a new quote.',
  }),
  operation_running: reason('request', 409, {
    customer: 'Another change is still running on this server.',
    operator: 'The entity runs another operation; the detail names it.',
    next: 'Wait until it has ended.',
  }),
  already_ready: reason('request', 409, {
    customer: 'The server is ready already; the order is paid and can no longer be cancelled.',
    operator: 'Cancel lost against ready.',
    next: 'Terminate the instance instead.',
  }),
  already_ended: reason('request', 409, {
    customer: 'This order has ended or is being given back.',
    operator: 'The order is in a final state, or cancelling or settling on its way to one.',
    next: 'Place a new order.',
  }),
  already_closed: reason('request', 409, {
    customer: 'This is closed already.',
    operator: 'The ticket is closed already.',
    next: 'Read the ticket again.',
  }),
  step_not_waiting: reason('request', 409, {
    customer: 'This step does not wait for anybody.',
    operator: 'The named step or attempt is not in needs_operator.',
    next: 'Read the operation again and name the step that waits.',
  }),
  step_not_skippable: reason('request', 409, {
    customer: 'This step cannot be skipped.',
    operator: 'Only await healthy, await activation and e-mail may be skipped.',
    next: 'Retry the step or abort the operation.',
  }),
  workflow_unreachable: reason(
    'internal',
    503,
    {
      customer: 'We could not reach the part that runs your order. It will go on by itself.',
      operator: 'Temporal did not answer in time.',
      next: 'Try again in a minute.',
    },
    true,
  ),
  records_unreachable: reason(
    'internal',
    503,
    {
      customer: 'We cannot reach our records for a moment. Nothing is lost.',
      operator: 'The database does not answer.',
      next: 'Try again in a minute.',
    },
    true,
  ),

  // payment
  card_declined: reason('payment', 402, {
    customer: 'The card was declined. Nothing was charged.',
    operator: 'Stripe declined the payment; the customer may try again.',
    next: 'Try again or use another card.',
  }),
  too_many_declines: reason('payment', 402, {
    customer: 'The payment was declined too often. Nothing was charged.',
    operator: 'The order reached its limit of declines.',
    next: 'Place a new order with another payment method.',
  }),
  payment_expired: reason('payment', 402, {
    customer: 'The payment was not completed in time. Nothing was charged.',
    operator: 'The deadline of await payment passed without a payment.',
    next: 'Place a new order.',
  }),
  not_paid_yet: reason(
    'payment',
    402,
    {
      customer: 'We are waiting for your payment.',
      operator: 'No final payment state at Stripe yet; the activity looks again.',
      next: 'Complete the payment.',
    },
    true,
  ),
  declined_try_again: reason(
    'payment',
    402,
    {
      customer: 'The payment was declined. Nothing was charged. You can try again or use another card.',
      operator: 'The last attempt to pay was declined; the detail has the decline code. The customer may try again.',
      next: 'Try again or use another card.',
    },
    true,
  ),
  payment_provider_unavailable: reason(
    'payment',
    503,
    {
      customer: 'The payment service does not answer. We keep trying.',
      operator: 'Stripe answered with 5xx or 429 or not at all.',
      next: 'Wait; the step is retried.',
    },
    true,
  ),
  payment_request_refused: reason('payment', 502, {
    customer: 'The payment could not be set up. Nothing was charged.',
    operator: 'Stripe refused the request as invalid; the detail has its message.',
    next: 'Correct the cause, then retry the step.',
  }),
  payment_not_ready: reason(
    'payment',
    409,
    {
      customer: 'The payment is being prepared.',
      operator: 'The step "create subscription" has not ended yet.',
      next: 'Ask again in a moment.',
    },
    true,
  ),
  money_not_settled: reason(
    'payment',
    502,
    {
      customer: 'Your money is on its way back.',
      operator: 'Settle has not yet read back a zero balance at Stripe.',
      next: 'Wait; settle is retried until nothing is kept.',
    },
    true,
  ),
  money_in_flight: reason(
    'payment',
    502,
    {
      customer: 'Your payment is still on its way to us. It goes back as soon as it arrives.',
      operator: 'A payment of this order is still processing; settle comes back every hour.',
      next: 'Wait; settle ends with a void or a refund.',
    },
    true,
  ),
  refund_failed: reason('payment', 502, {
    customer: 'The refund did not go through; we are looking after it.',
    operator: 'Stripe reports the refund as failed or requiring action.',
    next: 'Refund by hand and note it on the order.',
  }),
  webhook_signature_wrong: reason('payment', 400, {
    customer: 'This message was refused.',
    operator: 'The webhook signature is wrong or too old.',
    next: 'Check the webhook secret.',
  }),

  // cloud
  stack_failed: reason('cloud', 502, {
    customer: 'The server could not be built.',
    operator: 'The Pulumi operation failed; the detail has its last lines.',
    next: 'Read the log, mend the cause, retry the step or abort.',
  }),
  stack_busy: reason(
    'cloud',
    503,
    {
      customer: 'The server is still busy with another step.',
      operator: 'Another runner holds the lease of the stack.',
      next: 'Wait; the step is retried when the lease is free.',
    },
    true,
  ),
  runner_died: reason(
    'cloud',
    503,
    {
      customer: 'Building the server was interrupted. It goes on by itself.',
      operator: 'The child process of the Pulumi operation ended without a result.',
      next: 'Wait; recovery runs before the next attempt.',
    },
    true,
  ),
  cloud_unavailable: reason(
    'cloud',
    503,
    {
      customer: 'The cloud does not answer at the moment. We keep trying.',
      operator: "The cloud's API is unreachable or answers with 5xx.",
      next: 'Wait; the step is retried.',
    },
    true,
  ),
  cloud_quota: reason('cloud', 502, {
    customer: 'The cloud has no room for this server at the moment.',
    operator: 'The quota of the cloud account is used up.',
    next: 'Raise the quota, then retry the step.',
  }),
  unknown_objects: reason('cloud', 502, {
    customer: 'The change of the server needs a look by our staff. The server itself runs on.',
    operator: 'The cloud holds objects of this instance beside those of its stack; the detail names them.',
    next: 'Look which of them holds the data, remove the others at the cloud, retry the step.',
  }),
  orphan_cleanup: reason('cloud', 502, {
    customer: 'The server is being cleaned up. You are not charged for it.',
    operator: 'Destroy keeps failing; objects may be left at the cloud.',
    next: 'Remove the objects by tag or mend the cause; destroy is retried.',
  }),
  host_starting: reason(
    'cloud',
    503,
    {
      customer: 'The server is starting.',
      operator: 'The host does not answer as this instance yet; the detail names the phase.',
      next: 'Wait; the step is retried until its deadline.',
    },
    true,
  ),
  host_unhealthy: reason('cloud', 504, {
    customer: 'The server was built but does not answer.',
    operator: 'The host did not become healthy within the deadline; the detail names the phase.',
    next: 'Look at the host, then retry, skip or abort.',
  }),
  dns_unresolved: reason(
    'dns',
    504,
    {
      customer: 'The address of the server is not known everywhere yet.',
      operator: 'The hostname does not resolve to the address of the stack.',
      next: 'Wait; the step is retried.',
    },
    true,
  ),
  tls_untrusted: reason(
    'dns',
    504,
    {
      customer: 'The certificate of the server is not ready yet.',
      operator: 'The TLS handshake with the host fails.',
      next: 'Wait; the step is retried.',
    },
    true,
  ),

  // licence
  licence_server_unavailable: reason(
    'licence',
    503,
    {
      customer: 'The licence service does not answer at the moment. We keep trying.',
      operator: 'The licence server is unreachable or answers with 5xx.',
      next: 'Wait; the step is retried.',
    },
    true,
  ),
  licence_refused: reason('licence', 502, {
    customer: 'The licence could not be issued.',
    operator: 'The licence server refused the request; the detail has its code.',
    next: 'Mend the cause, then retry the step.',
  }),
  not_activated_yet: reason(
    'licence',
    504,
    {
      customer: 'The server is registering its licence.',
      operator: 'The licence server has not seen the activation of this node yet.',
      next: 'Wait; the step is retried.',
    },
    true,
  ),
  activation_missing: reason('licence', 504, {
    customer: 'The server did not register its licence.',
    operator: 'No activation was seen within the deadline.',
    next: 'Look at the host and the licence server, then retry, skip or abort.',
  }),

  // mail
  mail_unavailable: reason(
    'mail',
    503,
    {
      customer: 'The e-mail is on its way.',
      operator: 'The SMTP relay is unreachable or answered with 4xx.',
      next: 'Wait; the step is retried.',
    },
    true,
  ),
  mail_refused: reason('mail', 502, {
    customer: 'We could not deliver an e-mail to this address.',
    operator: 'The SMTP relay refused the address with 5xx.',
    next: 'Correct the address with the customer.',
  }),

  // mismatches between systems; nobody but operators reads them
  money_kept: reason('payment', 500, {
    customer: unfitting,
    operator: 'Stripe keeps money of an order that ended without a server.',
    next: 'Settle the order: its money goes back.',
  }),
  invoice_left: reason('payment', 500, {
    customer: unfitting,
    operator: 'An order that has ended still has an invoice that can be paid.',
    next: 'Settle the order: the invoice is voided.',
  }),
  payment_missing: reason('payment', 500, {
    customer: unfitting,
    operator: 'A delivered order was never paid, or all of its payment went back.',
    next: 'Ask the customer for the payment, or terminate the instance.',
  }),
  subscription_missing: reason('payment', 500, {
    customer: unfitting,
    operator: 'A server runs whose subscription at Stripe has ended.',
    next: 'Agree with the customer on a new subscription, or terminate the instance.',
  }),
  subscription_left: reason('payment', 500, {
    customer: unfitting,
    operator: 'A subscription lives on although its order has ended.',
    next: 'Settle the order; for one that was delivered, cancel the subscription at Stripe.',
  }),
  subscription_unknown: reason('payment', 500, {
    customer: unfitting,
    operator: 'A subscription at Stripe names an order that is not in our records.',
    next: 'Find out whether our records are whole; then cancel the subscription at Stripe.',
  }),
  licence_left: reason('licence', 500, {
    customer: unfitting,
    operator: 'A licence is active although no delivered order owns it.',
    next: 'Revoke the licence; where no order is known, first find out whether our records are whole.',
  }),
  licence_missing: reason('licence', 500, {
    customer: unfitting,
    operator: 'A delivered server has no licence that works.',
    next: 'Issue the licence again and enrol the node, or terminate the instance.',
  }),
  licence_standing_differs: reason('licence', 500, {
    customer: unfitting,
    operator: 'The licence server knows another standing than our records.',
    next: 'Push the standing of the instance to the licence server.',
  }),
  hold_left: reason('dns', 500, {
    customer: unfitting,
    operator: 'A name is held for an order or instance that is not there any more.',
    next: 'Release the name.',
  }),
  name_not_held: reason('dns', 500, {
    customer: unfitting,
    operator: 'A delivered server does not own its name, so it could be sold again.',
    next: 'Give the name back to the instance before somebody else orders it.',
  }),
  dns_record_left: reason('dns', 500, {
    customer: unfitting,
    operator: 'A DNS record points to an instance that is not there any more.',
    next: 'Remove what is left of the instance; where our records do not know it, first find out whether they are whole.',
  }),
  dns_record_missing: reason('dns', 500, {
    customer: unfitting,
    operator: 'The hostname of a delivered server does not resolve.',
    next: 'Refresh the stack of the instance and run its `up` again.',
  }),
  stack_left: reason('cloud', 500, {
    customer: unfitting,
    operator: 'A stack belongs to an instance that is not there any more.',
    next: 'Destroy the stack; where our records do not know its instance, first find out whether they are whole.',
  }),
  object_left: reason('cloud', 500, {
    customer: unfitting,
    operator: 'An object at the cloud carries the tag of an instance that is not there any more.',
    next: 'Remove what is left of the instance; where our records do not know it, first find out whether they are whole.',
  }),
  object_unmanaged: reason('cloud', 500, {
    customer: unfitting,
    operator: 'An object of a delivered server is in the state of no stack.',
    next: 'Import it into the stack of its instance, or remove it; never a volume without having looked at its data.',
  }),
  host_gone: reason('cloud', 500, {
    customer: unfitting,
    operator: 'The cloud does not have the host of a delivered server any more.',
    next: 'Run the `up` of its stack again: the volume with the data is still there unless another ticket says otherwise.',
  }),

  // outcome of an order
  cancelled_by_customer: reason('request', 200, {
    customer: 'You cancelled this order.',
    operator: 'The customer cancelled before ready.',
    next: 'Nothing to do.',
  }),
  cancelled_by_operator: reason('request', 200, {
    customer: 'We cancelled this order.',
    operator: 'An operator aborted the operation.',
    next: 'Nothing to do.',
  }),
  not_delivered: reason('internal', 502, {
    customer: 'We could not deliver this server. Everything you paid goes back to you.',
    operator: 'The window of needs_operator ended before anybody acted.',
    next: 'Read why the step failed; the customer has to order again.',
  }),
  internal: reason(
    'internal',
    500,
    {
      customer: 'Something went wrong on our side.',
      operator: 'An unexpected error; the log has it under the request id.',
      next: 'Try again; if it stays, contact support with the request id.',
    },
    true,
  ),
} as const satisfies Record<string, Reason>;

export type ReasonCode = keyof typeof reasons;

/** Every code, for schemas. */
export const reasonCodes = Object.keys(reasons) as [ReasonCode, ...ReasonCode[]];

/** Whether a text is a reason code. */
export function isReasonCode(text: unknown): text is ReasonCode {
  return typeof text === 'string' && Object.hasOwn(reasons, text);
}

/** A failure that carries its reason code; `detail` is for operators and may go to the customer, never with secrets. */
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
