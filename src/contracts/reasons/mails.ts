import { type Reasons, reason } from './reason.ts';

/** E-mails. */
export const mailReasons = {
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
} as const satisfies Reasons;
