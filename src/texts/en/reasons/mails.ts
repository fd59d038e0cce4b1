/** E-mails. */
export const mailReasonTexts = {
  mail_unavailable: {
    customer: 'The e-mail is on its way.',
    operator: 'The SMTP relay is unreachable or answered with 4xx.',
    next: 'Wait; the step is retried.',
  },
  mail_refused: {
    customer: 'We could not deliver an e-mail to this address.',
    operator: 'The SMTP relay refused the address with 5xx.',
    next: 'Correct the address with the customer.',
  },
} as const;
