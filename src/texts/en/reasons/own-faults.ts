/** What is our own doing: parts of ours that do not answer, and errors nobody foresaw. */
export const ownFaultReasonTexts = {
  workflow_unreachable: {
    customer: 'We could not reach the part that runs your order. It will go on by itself.',
    operator: 'Temporal did not answer in time.',
    next: 'Try again in a minute.',
  },
  records_unreachable: {
    customer: 'We cannot reach our records for a moment. Nothing is lost.',
    operator: 'The database does not answer.',
    next: 'Try again in a minute.',
  },
  internal: {
    customer: 'Something went wrong on our side.',
    operator: 'An unexpected error; the log has it under the request id.',
    next: 'Try again; if it stays, contact support with the request id.',
  },
} as const;
