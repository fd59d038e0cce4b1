/** Incidents, as operators read them in mails, webhooks, and by the command. */
export const incidents = {
  severities: { critical: 'critical', warning: 'warning' },
  titles: {
    step: '"{step}" needs a decision: {where}',
    operation: 'An operation stopped without a result: {where}',
    ticket: 'Two systems do not agree: {where}',
    latePayment: 'A payment cannot be given back: {where}',
    subscription: 'A subscription does not fit its server: {where}',
    snapshots: 'Snapshots could not be kept in order',
  },
  runAgain: 'run it again from the start',
  closeTicket: 'leave it as it is',
} as const;
