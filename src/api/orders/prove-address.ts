import { emailKey } from '../../contracts/email.ts';
import { orderPageLink } from '../../domain/billing/order-link.ts';
import { orderLinkKind, orderMessageId } from '../../mail/message-id.ts';
import { renderOrderLink } from '../../mail/order-link.ts';
import { markSimulated } from '../../mail/simulated.ts';
import { nowDate } from '../../runtime/clock.ts';
import { newId } from '../../runtime/new-id.ts';
import type { AccountRecord } from '../../store/accounts.ts';
import { mailsAboutUnpaid } from '../../store/allowances.ts';
import type { OrderRecord } from '../../store/records.ts';
import type { ApiDeps } from '../deps.ts';
import type { SignedIn } from '../guards/session.ts';

/** Whether a billing address is proven when the order is placed: a signed-in member names a member of their account. */
export function isProven(session: SignedIn | null, billingEmail: string): boolean {
  return session?.account.members.some(({ email }) => email === emailKey(billingEmail)) ?? false;
}

/**
 * Notes that the reader of this address has signed in: the unpaid orders that guests have placed for it may be mailed
 * about from then on, first with their links.
 */
export async function proveAddress(deps: ApiDeps, email: string, account: AccountRecord): Promise<void> {
  if (account.email !== emailKey(email)) return;
  for (const order of await deps.store.orders.open(account._id)) {
    if (emailKey(order.billingEmail) !== account.email) continue;
    if (await deps.store.orders.proveAddress(order._id, nowDate())) mailOrderLink(deps, order);
  }
}

/**
 * Mails the payer of an unpaid order, whose address is proven, the link of its page, after the answer. Over the limit
 * of such mails none is sent: the payment brings the link in any case.
 */
export function mailOrderLink(deps: ApiDeps, order: OrderRecord): void {
  sendOrderLink(deps, order).catch((error) =>
    deps.log.error({ err: error, orderId: order._id }, 'the link of an order could not be mailed'),
  );
}

async function sendOrderLink({ store, config, mail }: ApiDeps, order: OrderRecord): Promise<void> {
  const { FREEHOLD_UNPAID_MAILS_PER_HOUR: most, FREEHOLD_BASE_DOMAIN: baseDomain } = config;
  const { _id: orderId, billingEmail: to, quote } = order;
  const messageId = orderMessageId({ order, recipient: 'payer', kind: orderLinkKind, baseDomain });
  // A repeated request does not use up the allowance again.
  if (await store.outbox.has(messageId)) return;
  const { allowed } = await store.allowances.take(mailsAboutUnpaid(order, most));
  if (!allowed) return;
  const { FREEHOLD_PUBLIC_URL: publicUrl, FREEHOLD_SIGNING_KEY: key } = config;
  const { hostname, cloud } = quote.subject;
  const rendered = renderOrderLink({
    ...{ orderId, hostname, isPaid: false },
    orderUrl: orderPageLink({ publicUrl, key, orderId }),
  });
  const letter = config.FREEHOLD_SIMULATED_CLOUDS.includes(cloud) ? markSimulated(rendered) : rendered;
  await store.outbox.sendOnce(
    { _id: messageId, kind: orderLinkKind, orderId, recipient: 'payer' },
    {
      by: newId.request(),
      send: () => mail.send({ messageId, to, ...letter }),
    },
  );
}
