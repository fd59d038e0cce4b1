import { type Reasons, reason } from './reason.ts';

/** Mismatches between systems; shown to operators only. */
export const mismatchReasons = {
  money_kept: reason('payment', 500),
  money_outside: reason('payment', 500),
  invoice_left: reason('payment', 500),
  payment_missing: reason('payment', 500),
  subscription_missing: reason('payment', 500),
  subscription_left: reason('payment', 500),
  subscription_unknown: reason('payment', 500),
  licence_left: reason('licence', 500),
  licence_missing: reason('licence', 500),
  licence_standing_differs: reason('licence', 500),
  hold_left: reason('dns', 500),
  name_not_held: reason('dns', 500),
  dns_record_left: reason('dns', 500),
  dns_record_missing: reason('dns', 500),
  stack_left: reason('cloud', 500),
  object_left: reason('cloud', 500),
  object_unmanaged: reason('cloud', 500),
  host_gone: reason('cloud', 500),
} as const satisfies Reasons;
