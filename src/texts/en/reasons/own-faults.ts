/** Our own faults: services of ours that do not respond, and unexpected errors. */
export const ownFaultReasonTexts = {
  workflow_unreachable: {
    customer: 'We could not process your request; it may not have been accepted.',
    operator: 'Temporal did not answer in time, or takes no more Updates of this workflow at the moment.',
    next: 'Send it again in a minute.',
  },
  records_unreachable: {
    customer: 'We cannot reach our records for a moment. Nothing is lost.',
    operator: 'The database does not answer.',
    next: 'Try again in a minute.',
  },
  internal: {
    customer: 'Something went wrong on our side.',
    operator: 'An unexpected error; the log has it under the request id.',
    next: 'Try again; if it persists, contact support with the request id.',
  },
} as const;
