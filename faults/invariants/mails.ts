import type { Evidence } from '../evidence.ts';

/**
 * A delivered order has one ready mail, any other has one outcome mail, each with one Message-ID. The relay may receive
 * a message twice when its answer is lost, so copies with the same Message-ID count as one.
 */
export function mailsAreRight({ orders, mails, outbox }: Evidence): string[] {
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
    const expected = state === 'fulfilled' ? { ready: 1, outcome: 0 } : { ready: 0, outcome: 1 };
    if (ready !== expected.ready) violations.push(`order ${id} ended ${state} with ${ready} ready mails`);
    if (outcome !== expected.outcome)
      violations.push(`order ${id} ended ${state} with ${outcome} mails that say why not`);
    for (const { messageId, to } of own) {
      if (!to.every((address) => address === adminEmail || address === billingEmail)) {
        violations.push(`mail ${messageId} went to somebody else`);
      }
    }
  }
  for (const { messageId } of mails) {
    if (!orders.some(({ id }) => messageId.startsWith(`<${id}-`))) violations.push(`mail ${messageId} is of no order`);
  }
  for (const { messageId, status } of outbox) {
    if (status !== 'sent') violations.push(`mail ${messageId} is ${status} in the outbox`);
  }
  return violations;
}
