import type { z } from 'zod';
import type { AccountClosing, ClosedAccount } from '../../contracts/api/members.ts';
import { emailKey } from '../../contracts/email.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import { requireAdministrator } from '../../domain/accounts/account-people.ts';
import { primaryHostname } from '../../domain/operations/desired-server.ts';
import { nowDate } from '../../runtime/clock.ts';
import type { AccountRecord } from '../../store/accounts.ts';
import type { OrderRecord } from '../../store/records.ts';
import type { ApiDeps } from '../deps.ts';
import { type Acting, auditAccount, changeAccount } from './change-account.ts';

/** What closing an account deletes and keeps, and what prevents it. */
export async function readClosing(deps: ApiDeps, account: AccountRecord): Promise<z.infer<typeof AccountClosing>> {
  const [living, openOrders, kept] = await Promise.all([
    deps.store.instances.living(account._id),
    deps.store.orders.open(account._id),
    deps.store.orders.countOf(account._id),
  ]);
  const orders = openOrders.filter(blocksClosing);
  // The server of such an order has a record from its workflow's first step on.
  const ofOthers = new Set(openOrders.filter((order) => !blocksClosing(order)).map(({ _id }) => _id));
  const instances = living.filter(({ orderId }) => !ofOthers.has(orderId));
  return {
    canClose: instances.length + orders.length === 0,
    blockedBy: {
      instances: instances.map(({ _id, desired, status }) => ({ id: _id, hostname: primaryHostname(desired), status })),
      orders: orders.map(({ _id, quote, state }) => ({ id: _id, hostname: quote.subject.hostname, state })),
    },
    ends: { members: account.members.length, invitations: account.invitations.length },
    keeps: { orders: kept },
  };
}

/**
 * An unpaid order of a guest, who may be anybody, does not keep the owner from closing once its workflow runs: that
 * gives the money back if it is paid afterwards.
 */
function blocksClosing({ memberId, state, startedAt }: OrderRecord): boolean {
  return memberId !== undefined || state !== 'awaiting_payment' || !startedAt;
}

/**
 * Closes an account for good: deletes its record, members, invitations and sessions; its address is free for a new
 * account. Not possible while a server or an order is open: the server would go on costing, the order would deliver to
 * nobody. The licences end with their servers. Orders with their billing details and the invoices at Stripe are kept as
 * the law requires.
 *
 * The account is marked before it is checked, and an order checks the mark after its row is inserted, so one of the two
 * always gives way. Throws `account_in_use`, `not_signed_in`, `not_allowed`, `invalid_request`.
 */
export async function closeAccount(
  deps: ApiDeps,
  acting: Acting,
  { confirm }: { confirm: string },
): Promise<z.infer<typeof ClosedAccount>> {
  const { accountId, actor } = acting;
  const closingAt = nowDate();
  const marked = await changeAccount(deps, accountId, (account) => {
    requireAdministrator(account, actor);
    if (emailKey(confirm) !== account.email) {
      throw new ReasonError('invalid_request', 'the address is not the one of the account');
    }
    return { closingAt };
  });
  const closing = await readClosing(deps, marked.after);
  if (!closing.canClose) {
    await changeAccount(deps, accountId, (account) => (isMine(account, closingAt) ? { closingAt: undefined } : {}));
    throw new ReasonError('account_in_use', inTheWay(closing.blockedBy));
  }
  const before = await deps.store.accounts.remove(accountId, (account) => {
    requireAdministrator(account, actor);
    if (!isMine(account, closingAt)) throw new ReasonError('account_in_use', 'an order came in between');
  });
  if (!before) throw new ReasonError('not_signed_in');
  const closedAt = nowDate();
  await deps.store.sessions.removeOf({ accountId });
  await auditAccount(deps, acting, {
    action: 'close-account',
    before: { members: before.members.length, invitations: before.invitations.length },
    after: { closedAt, orders: closing.keeps.orders },
  });
  return { id: accountId, closedAt: closedAt.toISOString(), keeps: closing.keeps };
}

const isMine = (account: AccountRecord, closingAt: Date) => account.closingAt?.getTime() === closingAt.getTime();

function inTheWay({ instances, orders }: z.infer<typeof AccountClosing>['blockedBy']): string {
  const named = [
    ...instances.map(({ hostname, status }) => `server ${hostname} (${status})`),
    ...orders.map(({ id, state }) => `order ${id} (${state})`),
  ];
  const rest = named.length - 10;
  return named.slice(0, 10).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
