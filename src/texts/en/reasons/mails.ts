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
    next: 'Make the relay accept the address, or reach the customer another way; then retry or skip the step.',
  },
  alert_not_taken: {
    customer: 'Our team could not be notified yet. We keep trying.',
    operator: 'A webhook of ours for incidents does not answer with 2xx; the detail has its answer.',
    next: 'Wait; it is retried for three days. Bring the receiver back, or correct FREEHOLD_ALERT_CRITICAL_WEBHOOK or FREEHOLD_ALERT_WARNING_WEBHOOK.',
  },
} as const;
