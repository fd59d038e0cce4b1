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
    next:
      'A wrong address: freehold orders correct-address <order> --from <wrong> --to <right> --why "..."; that runs the ' +
      'step again. A right one: make the relay accept it, or reach the customer another way; then retry or skip.',
  },
  alert_not_taken: {
    customer: 'Our team could not be notified yet. We keep trying.',
    operator: 'A webhook of ours for incidents does not answer with 2xx; the detail has its answer.',
    next: 'Wait; it is retried for three days. Bring the receiver back, or correct FREEHOLD_ALERT_CRITICAL_WEBHOOK or FREEHOLD_ALERT_WARNING_WEBHOOK.',
  },
} as const;
