/** The licence of a server, as the control plane sees it. */
export const licenceReasonTexts = {
  licence_server_unavailable: {
    customer: 'The licence service does not answer at the moment. We keep trying.',
    operator: 'The licence server is unreachable or answers with 5xx.',
    next: 'Wait; the step is retried.',
  },
  licence_refused: {
    customer: 'The licence could not be issued.',
    operator: 'The licence server refused the request; the detail has its code.',
    next: 'Fix the cause, then retry the step.',
  },
  not_activated_yet: {
    customer: 'The server is registering its licence.',
    operator: 'The licence server has not seen the activation of this node yet.',
    next: 'Wait; the step is retried.',
  },
  activation_missing: {
    customer: 'The server did not register its licence.',
    operator: 'No activation was seen within the deadline.',
    next: 'Check the host and the licence server, then retry, skip or abort.',
  },
} as const;
