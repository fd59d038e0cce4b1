/** Orders and operations: refusals because of their state, and how they ended. */
export const operationReasonTexts = {
  operation_running: {
    customer: 'Another change is still running on this server.',
    operator: 'The entity runs another operation; the detail names it.',
    next: 'Wait until it has ended.',
  },
  already_ready: {
    customer: 'The server is ready already; the order is paid and can no longer be cancelled.',
    operator: 'The cancel arrived after ready.',
    next: 'Read the order: its server is delivered, and nothing of it is cancelled any more.',
  },
  already_ended: {
    customer: 'This order has ended or is being undone.',
    operator: 'The order is in a final state, or cancelling or settling on its way to one.',
    next: 'Place a new order.',
  },
  already_closed: {
    customer: 'This is closed already.',
    operator: 'The ticket is closed already.',
    next: 'Read the ticket again.',
  },
  step_not_waiting: {
    customer: 'This step does not wait for a decision.',
    operator: 'The named step or attempt is not in needs_operator.',
    next: 'Read the operation again and name the step that waits.',
  },
  step_not_skippable: {
    customer: 'This step cannot be skipped.',
    operator: 'The declaration of the operation does not allow skipping this step.',
    next: 'Retry the step or abort the operation.',
  },
  cancelled_by_customer: {
    customer: 'You cancelled this order.',
    operator: 'The customer cancelled before ready.',
    next: 'Nothing to do.',
  },
  cancelled_by_operator: {
    customer: 'We cancelled this order.',
    operator: 'An operator aborted the operation.',
    next: 'Nothing to do.',
  },
  operation_ended: {
    customer: 'This was ended before it had finished; the server stays as it is.',
    operator: 'An operator ended the operation; the server stays as it is.',
    next: 'Check whether the server answers; the next drift check does so, too.',
  },
  not_delivered: {
    customer: 'We could not deliver this server. Everything you paid goes back to you.',
    operator: 'The operator window ended without a decision.',
    next: 'Read why the step failed; the customer has to order again.',
  },
} as const;
