import { type Reasons, reason } from './reason.ts';

/** E-mails. */
export const mailReasons = {
  mail_unavailable: reason('mail', 503, { retryable: true }),
  mail_refused: reason('mail', 502),
  alert_not_taken: reason('mail', 503, { retryable: true }),
} as const satisfies Reasons;
