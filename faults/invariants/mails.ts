import type { Evidence } from '../evidence.ts';

/**
 * Whoever got a server has one ready mail, whoever else paid one mail with the reason; whoever paid also has one with
 * the link of the order, which a cancel right after the payment may prevent. An order that was never paid is mailed
 * about to nobody, because guests place the orders of a campaign. A relay may get the same message twice if its answer
 * is lost, so copies with one Message-ID are one mail.
 */
export function checkMails({ orders, mails, outbox, stripe }: Evidence): string[] {
  const violations: string[] = [];
  for (const { id, state, adminEmail, billingEmail } of orders) {
    const own = mails.filter(({ messageId }) => messageId.startsWith(`<${id}-`));
    const to = (kind: string, address: string) =>
      new Set(
        own
          .filter(({ messageId, to }) => messageId.startsWith(`<${id}-${kind}@`) && to.includes(address))
          .map(({ messageId }) => messageId),
      ).size;
    const ready = to('ready', adminEmail);
    const outcome = to('outcome', billingEmail);
    const isPaid = stripe.charges.some(({ orderId }) => orderId === id);
    const expected = state === 'fulfilled' ? { ready: 1, outcome: 0 } : { ready: 0, outcome: isPaid ? 1 : 0 };
    if (ready !== expected.ready) violations.push(`order ${id} ended ${state} with ${ready} ready mails`);
    if (outcome !== expected.outcome)
      violations.push(`order ${id} ended ${state} with ${outcome} mails that give the reason`);
    const links = to('link', billingEmail);
    if (links > (isPaid ? 1 : 0)) violations.push(`order ${id} ended ${state} with ${links} links mailed`);
    for (const { messageId, to } of own) {
      if (!to.every((address) => address === adminEmail || address === billingEmail)) {
        violations.push(`mail ${messageId} went to the wrong recipient`);
      }
    }
  }
  for (const { messageId } of mails) {
    if (!isForOperators(messageId) && !orders.some(({ id }) => messageId.startsWith(`<${id}-`)))
      violations.push(`mail ${messageId} belongs to no order`);
  }
  for (const { messageId, status } of outbox) {
    // A link that the relay refused, or that a cancel stopped, is not mailed again.
    if (status !== 'sent' && !messageId.includes('-link@'))
      violations.push(`mail ${messageId} is ${status} in the outbox`);
  }
  return violations;
}

/** Mails about an incident, and the list of everything that is open. */
function isForOperators(messageId: string): boolean {
  return messageId.startsWith('<inc_') || messageId.startsWith('<open.');
}
