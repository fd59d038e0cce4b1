/** The live page of an order; its codes are those of `src/contracts/api/order-facts.ts`. */
export const livePage = {
  documentTitle: '{title} · {hostname}',
  skip: 'Skip to the steps',
  headlines: {
    awaiting_payment: {
      title: 'Waiting for your payment',
      lead: 'Nothing is built or charged before that. Your name is held meanwhile.',
    },
    confirmation_open: {
      title: 'Your bank asks you to confirm the payment',
      lead: 'Nothing is built or charged before you have confirmed it. Your name is held meanwhile.',
    },
    payment_refused: {
      title: 'The payment did not go through',
      lead: 'It was not charged. Try again or use another card; your name is held meanwhile.',
    },
    payment_processing: {
      title: 'Your payment is on its way',
      lead: 'Your bank has not confirmed it yet. There is nothing more for you to do.',
    },
    building: {
      title: 'Building your server',
      lead: 'You can close this page; we will mail you when the server is ready.',
    },
    needs_operator: {
      title: 'A step needs our team',
      lead: 'Our team has been notified and works on it. You need not do anything.',
    },
    ready: { title: 'Your server is ready', lead: 'It belongs to nobody else.' },
    cancelling: {
      title: 'Cancelling your order',
      lead: 'What was built is being removed, and whatever you paid is being refunded. Neither waits for the other.',
    },
    undoing: {
      title: 'Undoing everything',
      lead: 'What was built is being removed, and whatever you paid is being refunded. Neither waits for the other.',
    },
    settling: {
      title: 'Your money is on its way back',
      lead: 'A payment is still under way at your bank; it goes back as soon as it arrives.',
    },
    cancelled: { title: 'This order was cancelled', lead: 'Nothing is left of it.' },
    declined: { title: 'The payment was declined', lead: 'This order has ended.' },
    expired: { title: 'The payment did not arrive', lead: 'This order has ended.' },
    failed_refunded: { title: 'We could not deliver this server', lead: 'We are sorry. This order has ended.' },
  },
  /** A delivered server that differs from what was built. */
  incident: {
    headline: {
      title: 'Something is wrong with your server',
      lead: 'It may not answer until this is put right. What was found and who acts next is below.',
    },
    title: 'Incident',
    since: 'since {time}',
    found: 'What was found',
    next: {
      repair: 'It is being repaired automatically; the steps are below. You need not do anything.',
      team: 'Our team has been notified and decides what is done. Nothing that holds your data is changed before that.',
      check: 'It is checked again within hours and repaired where that is safe. You need not do anything.',
    },
  },
  /** An operation of a delivered server. */
  server: {
    running: 'running',
    succeeded: 'done',
    failed: 'did not succeed',
    cancelled: 'was ended',
    needs_operator: 'our team works on it',
  },
  announcement: '{title}.',
  announcementOfStep: '{title}. {step}: {status}.',
  late: 'This takes longer than usual. It is still running; nothing is lost, and you may leave.',
  progress: {
    label: 'Progress',
    undoingLabel: 'Undoing',
    undoing: 'undoing',
    percent: '{percent} %',
    sincePayment: '{duration} since the payment',
  },
  estimate: {
    seconds: 'usually {low} to {high} seconds',
    aboutSeconds: 'usually about {high} seconds',
    minutes: 'usually {low} to {high} minutes',
    aboutMinutes: 'usually about {high} minutes',
    none: 'no estimate yet: too few were built here',
  },
  status: {
    pending: 'not begun',
    running: 'running',
    waiting: 'waiting',
    retrying: 'trying again',
    needs_operator: 'our team works on it',
    succeeded: 'done',
    skipped: 'skipped',
    failed: 'failed',
    never: 'not needed',
    stopped: 'stopped',
  },
  steps: {
    label: 'Steps',
    undo: 'Undo',
    attempt: 'attempt {attempt}',
  },
  ready: {
    title: 'What to do first',
    open: 'Open {server}',
    signUp:
      "Choose {button} and sign up with the administrator's e-mail of this order. Any other address is refused until you admit it.",
    createAccount: 'Create account',
    device: 'Point your first device at it:{snippet}',
    openServer: 'Open your server',
    documents: 'The same steps are in your mailbox. Read on: {documents}.',
    built: 'Built in {duration}, {amount} was charged.',
    builtForNothing: 'Built in {duration}, nothing was charged.',
  },
  payment: {
    title: 'Payment',
    declined:
      'The payment failed {count, plural, one {once} other {# times}}. A failed payment charges nothing; try again or use another card.',
    how: 'Confirm the payment by card where you placed the order. This page goes on by itself as soon as it has arrived, and building begins.',
    attempt: {
      confirmation_open:
        'Your bank waits for you to confirm this payment, in its app or on its page. If you closed that, pay again where you placed the order.',
      confirmation_refused:
        'The payment was not confirmed at your bank, which charges nothing. Try again and confirm it there, or use another card.',
    },
    triesLeft: '{count, plural, one {One more try is} other {# more tries are}} possible before the order ends.',
    heldUntil: 'The name is held for you until {time}; every attempt to pay extends that.',
    notHeld: 'The name is not held for you any more; the payment still goes through as long as nobody else takes it.',
    programs: 'Programs read what the payment needs from {call}.',
  },
  outcome: {
    title: 'Where things stand',
    terms: {
      happened: 'What happened',
      money: 'What was charged',
      next: 'Who acts next',
    },
    happened: {
      step_failed: 'A step failed.',
      order_ended: 'The order ended.',
    },
    money: {
      on_its_way: 'A payment is still on its way; it goes back in full as soon as it arrives.',
      nothing_charged: 'Nothing was charged.',
      not_read_yet: 'We are reading what was charged; whatever it is goes back in full.',
      charged: '{paid} was charged.',
      given_back: '{paid} was charged and has been given back in full. Banks show it within 5 to 10 days.',
      owed_by_hand: '{owed} was paid outside our payment service, and one of us returns it to you.',
      going_back: '{paid} was charged and is being given back in full.',
      partly_back: '{paid} was charged and is being given back in full, {refunded} of it is back already.',
    },
    next: {
      team: 'We do. If it cannot be repaired soon, everything is undone and refunded without a request.',
      undo: 'We do; it continues automatically. You need not do anything.',
      removal: 'We do; it continues automatically. You need not do anything.',
      by_hand: 'We do; you need not do anything.',
      nobody: 'Nobody; nothing is left to do.',
    },
  },
  cancel: {
    title: 'Cancel this order',
    orderEnds: 'The order ends.',
    buildingStops: 'Building stops, and what was built so far is removed.',
    noneKnown: 'If you have paid meanwhile, it goes back in full.',
    onItsWay: 'What is on its way goes back as soon as it arrives.',
    goesBack: '{amount} goes back to your card in full.',
    nameFree: 'The name {hostname} becomes free for everybody as soon as everything is removed.',
    final: 'A cancel cannot be undone. Once the server is ready, an order can no longer be cancelled.',
    button: 'Cancel the order and remove everything',
  },
  log: {
    title: 'Log',
    lines: '{count} lines',
    severity: { warning: 'warning', error: 'error' },
    order: 'Order: {state}',
    instance: 'Server: {status}',
    operation: 'Operation {kind}: {status}',
    step: '{step}: {status}',
    percent: ' {percent} %',
    took: ' after {seconds} s',
    attempt: ', attempt {attempt}',
    because: '. {sentence}',
  },
  order: {
    title: 'Order',
    quantity: '{title} × {quantity}',
    tax: '{name} {percent} % ({country}, rate of {day})',
    total: 'Total, {cycle}',
  },
} as const;
