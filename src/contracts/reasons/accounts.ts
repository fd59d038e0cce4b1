import { type Reasons, reason } from './reason.ts';

/** Sign-in, permissions, accounts and members. */
export const accountReasons = {
  not_signed_in: reason('request', 401),
  not_allowed: reason('request', 403),
  csrf_mismatch: reason('request', 403),
  sign_in_code_wrong: reason('request', 401),
  not_a_member: reason('request', 403),
  already_member: reason('request', 409),
  already_invited: reason('request', 409),
  too_many_members: reason('request', 409),
  invitation_invalid: reason('request', 404),
  invitation_not_mailed: reason('mail', 503, { retryable: true }),
  last_administrator: reason('request', 409),
  account_holder: reason('request', 409),
  account_in_use: reason('request', 409),
  account_closed: reason('request', 409),
} as const satisfies Reasons;
