import { type Reasons, reason } from './reason.ts';

/** Hostnames: their rules, holders, and resolution. */
export const hostnameReasons = {
  hostname_malformed: reason('request', 422),
  hostname_reserved: reason('request', 422),
  hostname_taken: reason('request', 409),
  hostname_held: reason('request', 409),
  hostname_ordered: reason('request', 409),
  too_many_holds: reason('request', 429),
  dns_unresolved: reason('dns', 504, { retryable: true }),
  tls_untrusted: reason('dns', 504, { retryable: true }),
} as const satisfies Reasons;
