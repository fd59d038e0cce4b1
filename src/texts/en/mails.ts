const placedOrder = 'You get this e-mail because you placed this order.';
const seeOrder = 'See the order';
const orderId = 'Order {orderId}';
const nameFree = 'The name is free, you can order it again.';

/** E-mails: subject, first line in the list of a mailbox, body, and why the reader gets it. */
export const mails = {
  invitation: {
    subject: 'You are invited to the account {account}',
    preheader: '{inviter} invites you; the link works for {validity}.',
    footer: 'You get this e-mail because a member of the account gave this address.',
    title: 'You are invited',
    lead: '{inviter} invites you to the Freehold account {account}.',
    rights: 'As a member you may:',
    accept: 'Accept the invitation',
    once: 'The link works once, for {validity}, for whoever has it: pass it on to nobody.',
    unknown: 'You do not know {inviter}? Then ignore this e-mail; nothing happens.',
    validity: {
      hours: '{hours, plural, one {an hour} other {# hours}}',
      days: '{days} days',
    },
  },
  ready: {
    subject: 'Your server {hostname} is ready',
    preheader: 'Open {hostname} and create your account.',
    footer: 'You get this e-mail because this address was named as the administrator of the server.',
    title: 'Your server is ready',
    lead: 'It answers at {server} and belongs to nobody else.',
    openServer: 'Open your server',
    steps: {
      title: 'First steps',
      open: 'Open {server}',
      nobodyYet: 'Nobody has an account there yet.',
      signUp: 'Choose {button} and sign up with {adminEmail}',
      createAccount: 'Create account',
      othersRefused: 'Any other address is refused until you admit it.',
      in: 'You are in. No confirmation mail is needed.',
    },
    device: {
      title: 'Connect your first device',
      line: "Put this line at the top of your device's source. Without it the device connects to the public community server instead of yours.",
    },
    documents: 'Documents',
    help: {
      title: 'Help',
      support: 'Your {plan} plan has extended support: write to {address}, our engineers answer within 24 to 48 hours.',
      forum: 'Ask and search in the community forum: {address}',
    },
  },
  payment: {
    subject: 'Paid and delivered: {hostname}',
    preheader: '{money} for {hostname}.',
    footer: 'You get this e-mail because this address was given for the bill.',
    title: 'Paid and delivered',
    lead: 'Thank you. The server you paid for is ready, and its administrator has the first steps.',
    rows: { server: 'Server', plan: 'Plan', paid: 'Paid', order: 'Order' },
    seeOrder,
  },
  outcome: {
    subject: '{title}: {hostname}',
    footer: placedOrder,
    titles: {
      declined: 'The payment was declined',
      expired: 'The order has expired',
      cancelled: 'The order is cancelled',
    },
    lead: 'Your order for {hostname} has ended. {why}',
    goesBack: '{amount} go back the way you paid.',
    nothingCharged: 'Nothing was charged.',
    byHand: '{amount} reached us outside our payment service; one of us returns them to you.',
    nameFree,
    seeOrder,
    orderId,
  },
  notDelivered: {
    subject: 'We could not deliver {hostname}',
    footer: placedOrder,
    title: 'We could not deliver your server',
    lead: 'We are sorry. You ordered {hostname} and we did not manage to deliver it.',
    happened: 'What happened',
    money: 'Your money',
    goesBack:
      '{amount} go back to the card or account you paid with. Depending on your bank this takes up to ten days.',
    nothingCharged: 'Nothing was charged.',
    byHand: '{amount} reached us outside our payment service; one of us returns them to you.',
    now: 'What now',
    nothingLeft: 'Nothing is left of the order: no server, no licence, no subscription.',
    nameFree,
    seeOrder,
    orderId,
  },
  lateRefund: {
    subject: 'Your payment goes back: {hostname}',
    footer: placedOrder,
    title: 'Your payment goes back',
    lead: 'Your payment for {hostname} reached us after the order had ended.',
    money: '{amount} go back the way you paid. Depending on your bank this takes up to ten days.',
    seeOrder,
    orderId,
  },
  signInCode: {
    subject: '{code} is your sign-in code',
    preheader: 'It works once, for {minutes, plural, one {# minute} other {# minutes}}.',
    footer: 'We never ask for this code by telephone or e-mail.',
    title: 'Your sign-in code',
    titleWithCode: 'Your sign-in code: {code}',
    enter:
      'Enter this code on the page where you asked for it. It works once, for {minutes, plural, one {# minute} other {# minutes}}.',
    unasked: 'You did not ask for it? Then somebody mistyped an address; nothing happens without the code.',
  },
  simulated: {
    subject: '[simulated] {subject}',
    note: 'This is a simulation: no real cloud has any part of this server.',
  },
  /** Documents of the product. */
  documents: {
    firstSteps: 'First steps with your server',
    devices: 'Connect devices',
    server: 'Users, domains and brands',
  },
} as const;
