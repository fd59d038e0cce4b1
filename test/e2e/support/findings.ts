import type { Purchase } from './purchase.ts';
import type { World } from './world.ts';

/**
 * What Stripe, the cloud, Pulumi, the licence server, DNS and the mailbox hold for an order, without our own records.
 */
export async function findings(world: World, { order, quote, name, payer }: Purchase) {
  const { outside, reach, customer } = world;
  const [money, objects, addresses, stacks, licences, mails, nameIsFree] = await Promise.all([
    outside.money(order.id),
    outside.cloudObjects(order.instanceId),
    reach.resolve(quote.subject.hostname),
    outside.stacks(),
    outside.licences(order.instanceId),
    outside.mails(order.id),
    customer.isNameFree(name, quote.subject.cloud),
  ]);
  // The link of the order is mailed beside its build: a cancel may be quicker.
  const told = mails.filter(({ messageId }) => !messageId.includes('-link@'));
  return {
    money,
    objects: objects.map((object) => object.split(' ')[0]).sort(),
    inDns: addresses.length > 0,
    stack: stacks.includes(`inst-${order.instanceId}`),
    licences: licences.filter(({ revokedAt }) => revokedAt === null).length,
    activations: licences.flatMap(({ activations }) => activations.filter(({ status }) => status === 'active')).length,
    mailsToPayer: told.filter(({ to }) => to.includes(payer)).length,
    mailsToOthers: told.filter(({ to }) => !to.includes(payer)).length,
    nameIsFree,
  };
}

/**
 * The findings of an undone order: `taken` cents were refunded in full and nothing is left. Whoever paid is told why;
 * nobody else, because the address may be a stranger's.
 */
export function undone({ taken }: { taken: number }) {
  return {
    money: { taken, refunded: taken, live: 0, open: 0 },
    objects: [],
    inDns: false,
    stack: false,
    licences: 0,
    activations: 0,
    mailsToPayer: taken > 0 ? 1 : 0,
    mailsToOthers: 0,
    nameIsFree: true,
  };
}

/** The findings of a delivered order: one charge, one host, one licence with its node, one mail to each recipient. */
export function delivered({ quote }: Purchase) {
  return {
    money: { taken: quote.total, refunded: 0, live: 1, open: 0 },
    objects: ['addresses', 'hosts', 'records', 'volumes'],
    inDns: true,
    stack: true,
    licences: 1,
    activations: 1,
    mailsToPayer: 1,
    mailsToOthers: 1,
    nameIsFree: false,
  };
}
