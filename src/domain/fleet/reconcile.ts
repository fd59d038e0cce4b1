import { type FleetSource, isInstanceId, type Mismatch, type MismatchKind } from '../../contracts/fleet.ts';
import type { CloudName } from '../../contracts/stack.ts';
import { type InstanceStatus, type OrderState, orderHasEnded, type Standing } from '../../contracts/states.ts';

/**
 * The rules of reconciliation: given what each system holds, what does not match. Pure. A mismatch names a repair only
 * where it cannot lose data: an undone server was never handed over. Resources without a record are never deleted
 * automatically; the records may be incomplete. An operator can ask for that with `orphans`.
 */

/** Our own records of one order and its server. Times are ms since the epoch. */
export interface OrderFacts {
  orderId: string;
  instanceId: string;
  state: OrderState;
  total: number;
  endedAt: number | null;
  name: string;
  hostname: string;
  cloud: CloudName;
  /** Whether an operation of its instance is still open. */
  busy: boolean;
  server: {
    status: InstanceStatus;
    readyAt: number | null;
    standing: Standing | null;
    standingRevision: number;
    serverIds: string[];
  } | null;
  /** Holder of its hostname; null when it is free. */
  nameHolder: string | null;
}

/**
 * Disposition of an order and its instance: `unknown` without a record; `unsettled` while the order or an operation is
 * open, or ended only recently; `lives` when delivered and running; `undone` when rolled back before delivery; `ended`
 * when it was delivered and is gone.
 */
export type Disposition = 'unknown' | 'unsettled' | 'lives' | 'undone' | 'ended';

export interface Settling {
  /** When the run began, ms. */
  at: number;
  /** Anything changed more recently than this is still in motion, ms. */
  settlingMs: number;
}

const goneStatuses: readonly InstanceStatus[] = ['aborted', 'terminated'];

export function dispositionOf(
  order: Pick<OrderFacts, 'state' | 'endedAt' | 'busy' | 'server'> | null,
  { at, settlingMs }: Settling,
): Disposition {
  if (!order) return 'unknown';
  const { state, endedAt, busy, server } = order;
  if (busy || !orderHasEnded(state)) return 'unsettled';
  if (isRecent(Math.max(endedAt ?? 0, server?.readyAt ?? 0), { at, settlingMs })) return 'unsettled';
  const isGone = server !== null && goneStatuses.includes(server.status);
  if (state === 'fulfilled') return isGone ? 'ended' : 'lives';
  // An unfulfilled order cannot have a running server; contradictory records are not acted on.
  return server === null || server.status === 'aborted' ? 'undone' : 'ended';
}

function isRecent(since: number, { at, settlingMs }: Settling): boolean {
  return at - since < settlingMs;
}

/** What Stripe holds for one order, or knows to have been paid outside it; amounts in minor units. */
export interface MoneyFacts {
  paid: number;
  refunded: number;
  /** Paid outside Stripe, and by no credit note returned. */
  owedOutside: number;
  /** Payment intents that are not fully refunded. */
  unrefunded: string[];
  openInvoices: number;
  liveSubscriptions: number;
  /** A payment is processing: neither succeeded nor failed. */
  inFlight: boolean;
}

/** A licence of an instance that is still valid at the licence server. */
export interface LicenceFacts {
  licenceId: string;
  standing: string;
  revision: number;
}

/** What the other systems hold for an order; null where a system was not asked or did not answer. */
export interface OrderHoldings {
  money: MoneyFacts | null;
  licences: LicenceFacts[] | null;
  /** Whether the hostname resolves. */
  resolves: boolean | null;
  /** Ids of the hosts that the cloud lists under the tag of the instance. */
  hosts: string[] | null;
}

/** Compares an order with what the other systems hold for it. */
export function judgeOrder(order: OrderFacts, holdings: OrderHoldings, settling: Settling): Mismatch[] {
  const disposition = dispositionOf(order, settling);
  const { orderId, instanceId, cloud } = order;
  const found: Mismatch[] = [];
  const add = (kind: MismatchKind, subject: string, repair: Mismatch['repair'] = null) =>
    found.push({ kind, subject, orderId, instanceId, cloud, repair });
  if (disposition === 'undone') judgeMoneyOfUndone(holdings.money, (kind, repair) => add(kind, orderId, repair));
  if (disposition === 'lives') judgeLiving(order, holdings, add);
  return found;
}

function judgeMoneyOfUndone(
  money: MoneyFacts | null,
  add: (kind: MismatchKind, repair: Mismatch['repair']) => void,
): void {
  if (!money || money.inFlight) return;
  if (money.unrefunded.length > 0) add('money_kept', 'settle_money');
  if (money.openInvoices > 0) add('invoice_left', 'settle_money');
  // Stripe cannot send back what it never had.
  if (money.owedOutside > 0) add('money_outside', null);
}

function judgeLiving(
  order: OrderFacts,
  { money, licences, resolves, hosts }: OrderHoldings,
  add: (kind: MismatchKind, subject: string) => void,
): void {
  const { orderId, instanceId, server } = order;
  if (money && order.total > 0 && !money.inFlight && money.paid <= money.refunded) add('payment_missing', orderId);
  if (money && money.liveSubscriptions === 0) add('subscription_missing', orderId);
  if (licences?.length === 0) add('licence_missing', instanceId);
  for (const licence of licences ?? []) {
    const isBehind = server !== null && licence.revision < server.standingRevision;
    if (isBehind || (server?.standing && licence.standing !== server.standing)) {
      add('licence_standing_differs', licence.licenceId);
    }
  }
  if (order.nameHolder !== instanceId) add('name_not_held', order.name);
  if (resolves === false) add('dns_record_missing', order.hostname);
  for (const id of hosts ? (server?.serverIds ?? []) : []) if (!hosts!.includes(id)) add('host_gone', id);
}

/** A live subscription, with the order in its metadata. */
export interface SubscriptionFacts {
  subscriptionId: string;
  orderId: string;
}

export function judgeSubscription(
  { subscriptionId, orderId }: SubscriptionFacts,
  disposition: Disposition,
): Mismatch[] {
  const about = { subject: subscriptionId, orderId };
  switch (disposition) {
    case 'unknown':
      return [{ kind: 'subscription_unknown', subject: subscriptionId, repair: null }];
    case 'undone':
      return [{ kind: 'subscription_left', ...about, repair: 'settle_money' }];
    case 'ended':
      return [{ kind: 'subscription_left', ...about, repair: null }];
    case 'unsettled':
    case 'lives':
      return [];
  }
}

/** A licence that was not revoked, with the instance it was issued for. */
export interface ListedLicence {
  licenceId: string;
  externalRef: string;
  createdAt: number;
}

/** A licence without an instance of ours was sold alone. */
export function judgeLicence({ licenceId, externalRef }: ListedLicence, disposition: Disposition): Mismatch[] {
  if (!isInstanceId(externalRef)) return [];
  return left('licence_left', licenceId, disposition, { instanceId: externalRef, repair: 'revoke_licence' });
}

/** The hold of a hostname; that of a quote expires. */
export interface HoldFacts {
  name: string;
  /** The order or instance that holds it. */
  holderId: string;
  /** When it expires, ms; null for never. */
  until: number | null;
}

/** Holds and their holders are in the same database, so a hold whose holder is unknown has none. */
export function judgeHold({ name, holderId, until }: HoldFacts, disposition: Disposition): Mismatch[] {
  if (disposition === 'unknown' && until !== null) return [];
  const owner = isInstanceId(holderId) ? { instanceId: holderId } : { orderId: holderId };
  if (disposition === 'unknown') return [{ kind: 'hold_left', subject: name, ...owner, repair: 'release_hold' }];
  return left('hold_left', name, disposition, { ...owner, repair: 'release_hold' });
}

export interface StackFacts {
  stack: string;
  instanceId: string;
  /** When it changed last, ms. */
  changedAt: number;
}

export function judgeStack({ stack, instanceId }: StackFacts, disposition: Disposition): Mismatch[] {
  return left('stack_left', stack, disposition, { instanceId, repair: 'destroy_leftovers' });
}

/** A cloud resource with the tag of an instance. */
export interface ObjectFacts {
  id: string;
  role: 'host' | 'volume' | 'record' | 'other';
  instanceId: string;
  createdAt: number;
}

/**
 * `managed`: whether the state of its instance's stack contains it; null where that was not read. `orphans`: whether an
 * operator asked to repair orphans. Then a delivered server imports what its stack has lost, and a resource without
 * record or stack is deleted, but never together with a volume: data means that there was a server.
 */
export function judgeObject(
  object: ObjectFacts,
  about: {
    cloud: CloudName;
    disposition: Disposition;
    managed: boolean | null;
    withVolume?: boolean;
    orphans?: boolean;
  },
): Mismatch[] {
  const { id, instanceId, role } = object;
  const { cloud, disposition, managed, withVolume = false, orphans = false } = about;
  if (disposition === 'lives') {
    const repair = orphans ? 'adopt_objects' : null;
    return managed === false ? [{ kind: 'object_unmanaged', subject: id, instanceId, cloud, repair }] : [];
  }
  const kind = role === 'record' ? 'dns_record_left' : 'object_left';
  if (orphans && disposition === 'unknown' && managed === false && !withVolume) {
    return [{ kind, subject: id, instanceId, cloud, repair: 'remove_unowned' }];
  }
  return left(kind, id, disposition, { instanceId, cloud, repair: 'destroy_leftovers' });
}

/** A leftover of an owner that should not have it; repaired automatically only where the owner was never delivered. */
function left(
  kind: MismatchKind,
  subject: string,
  disposition: Disposition,
  about: Omit<Mismatch, 'kind' | 'subject'>,
): Mismatch[] {
  switch (disposition) {
    case 'lives':
    case 'unsettled':
      return [];
    case 'undone':
      return [{ kind, subject, ...about }];
    case 'unknown':
    case 'ended':
      return [{ kind, subject, ...about, repair: null }];
  }
}

/** The result of comparing one page of a list. */
export interface Judged {
  mismatches: Mismatch[];
  /** How many items were not judged, because they or their owner are in motion. */
  inMotion: number;
  /** Orders and instances in motion: their tickets are not changed. */
  leftAlone: string[];
}

/** Judges each item by the disposition of its owner, unless the item or its owner is in motion. */
export function judgeSettled<Item>(
  items: readonly Item[],
  settling: Settling,
  about: {
    owner(item: Item): string;
    /** When the item itself changed last, ms; absent where only the owner counts. */
    changedAt?(item: Item): number;
    dispositions: Readonly<Record<string, Disposition>>;
    judge(item: Item, disposition: Disposition): Mismatch[];
  },
): Judged {
  const { owner, changedAt = () => 0, dispositions, judge } = about;
  const moves = (item: Item) => dispositions[owner(item)] === 'unsettled' || isRecent(changedAt(item), settling);
  const moving = items.filter(moves);
  const mismatches = items.flatMap((item) => (moves(item) ? [] : judge(item, dispositions[owner(item)] ?? 'unknown')));
  return { mismatches, inMotion: moving.length, leftAlone: [...new Set(moving.map(owner))] };
}

/** The source that reveals a kind of mismatch; its tickets are closed only by a run in which that source answered. */
export const sourceOf: Readonly<Record<MismatchKind, FleetSource>> = {
  money_kept: 'payments',
  money_outside: 'payments',
  invoice_left: 'payments',
  payment_missing: 'payments',
  subscription_missing: 'payments',
  subscription_left: 'subscriptions',
  subscription_unknown: 'subscriptions',
  licence_left: 'licence list',
  licence_missing: 'licences',
  licence_standing_differs: 'licences',
  hold_left: 'holds',
  name_not_held: 'orders',
  dns_record_left: 'objects',
  dns_record_missing: 'names',
  stack_left: 'stacks',
  object_left: 'objects',
  object_unmanaged: 'states',
  host_gone: 'servers',
};
