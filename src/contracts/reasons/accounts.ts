import { type Reasons, reason } from './reason.ts';

/** Who asks, and what his account lets him do. */
export const accountReasons = {
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
} as const satisfies Reasons;
