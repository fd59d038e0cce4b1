/** Pages of the api beside the live page of an order. */
export const pages = {
  request: 'Request {id}',
  invitation: {
    title: 'You are invited',
    lead: '{inviter} invites {member} to the account {account}. As a member you may:',
    formerMember: 'A former member',
    accept: 'Accept the invitation',
    joined: {
      title: 'You are a member',
      lead: 'You are signed in to the account {account} as {member}.',
      next: 'Next time a one-time code to this address signs you in.',
    },
    withoutLink: {
      title: 'This page opens by the link of the invitation',
      lead: 'It is in the e-mail that invited you, and works once.',
    },
  },
  /** Why a page of an order does not open, where that is not the sentence of the reason code. */
  order: {
    withoutLink: {
      title: 'This page opens by the link of the order',
      lead: 'It is the whole line that you got when you ordered; our e-mails about its payment have it too. It works until {days} days after the order has ended.',
      programs: 'Programs can sign in to the account instead: {call} of the {api} sends a code to the billing e-mail.',
      api: 'API',
    },
    unknownLink: 'Check the link; it is the whole line, up to its last character.',
    backToServer: 'The server is ready; go back to its page.',
  },
  api: {
    title: 'Freehold API',
    reasons: {
      title: 'Reason codes',
      lead: 'Every error of the API is a problem document (RFC 9457) whose {field} is one of these.',
      head: {
        code: 'Code',
        status: 'HTTP',
        customer: 'For the customer',
        operator: 'For the operator',
        next: 'Next',
        retryable: 'May pass by itself',
      },
      retryable: 'yes',
      final: 'no',
    },
  },
} as const;
