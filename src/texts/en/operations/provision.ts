/** Texts of the operation that builds an ordered server. */
export const provision = {
  title: 'Build the server',
  /** Summary of the request: API, command and Update. */
  request: 'Build the ordered server',
  /** Headline of the server's page while it runs. */
  live: { title: 'Building your server', lead: 'We will mail you when the server is ready.' },
  /** Effect of an operator's abort. */
  abort: 'undo everything and refund the payment',
  steps: {
    'hold-hostname': { title: 'Hold the hostname', why: 'Nobody else can order this name now.' },
    'create-subscription': { title: 'Prepare the payment', why: 'Your subscription is set up.' },
    'await-payment': { title: 'Payment', why: 'We wait for your payment.' },
    'issue-licence': { title: 'Issue the licence', why: 'The right to run the product is registered.' },
    'stack-up': { title: 'Build the server', why: 'Address, name, disk and machine are created.' },
    'await-healthy': { title: 'Wait for the server', why: 'The server starts and gets its certificate.' },
    'await-activation': { title: 'Activate the licence', why: 'The server registers its licence.' },
    'mark-ready': { title: 'Hand over', why: 'The server is yours.' },
    'send-mail': { title: 'Send the e-mail', why: 'The administrator gets the first steps.' },
    'settle-money': {
      title: 'Settle the payment',
      why: 'Whatever was charged goes back in full, and nothing more can be charged.',
    },
    'send-outcome-mail': { title: 'Explain by e-mail', why: 'Whoever paid gets the reason in writing.' },
    'revoke-licence': { title: 'Revoke the licence', why: 'Its seats become free.' },
    'destroy-stack': { title: 'Remove the server', why: 'Machine, disk, name and address are removed.' },
    'release-hostname': { title: 'Release the hostname', why: 'The name can be ordered again.' },
  },
} as const;
