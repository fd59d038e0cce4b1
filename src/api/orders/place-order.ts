import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { OrderRequest } from '../../contracts/api/orders.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import { canonicalJson } from '../../domain/billing/canonical-json.ts';
import { orderCapability } from '../../domain/billing/order-link.ts';
import { verifyQuote } from '../../domain/billing/quote-signature.ts';
import { now, nowDate } from '../../runtime/clock.ts';
import { newId } from '../../runtime/new-id.ts';
import type { AccountRecord } from '../../store/accounts.ts';
import { isDuplicateKey } from '../../store/duplicate-key.ts';
import type { HoldOutcome } from '../../store/hostname-holds.ts';
import type { OrderRecord, QuoteContent, QuotedServer, QuoteRecord } from '../../store/records.ts';
import type { ApiDeps } from '../deps.ts';
import { hashSecret, type SignedIn } from '../guards/session.ts';
import { requireHeld } from './make-quote.ts';
import { requireTaken } from './start-orders.ts';

type Body = z.output<typeof OrderRequest>;

export interface PlaceOrder {
  body: Body;
  idempotencyKey: string;
  /** The member who orders; null for a guest. */
  session: SignedIn | null;
  ip: string;
}

/**
 * Places an order (design 5.2): first inserts the row, whose unique quote and Idempotency-Key let exactly one request
 * win, then takes over the name's hold. The order is then accepted; the workflow starts right afterwards without
 * delaying the answer, and a sweep repeats failed starts. A repeated request returns the same order.
 *
 * Throws `idempotency_key_reused`, `not_found`, `quote_altered`, `quote_expired`, `subject_not_sold`, `quote_used`,
 * `hostname_taken`, `hostname_held`, `too_many_holds`, `not_a_member`, `account_closed`.
 */
export async function placeOrder(deps: ApiDeps, request: PlaceOrder): Promise<OrderRecord> {
  const scope = request.session ? request.session.account._id : `cart:${hashSecret(request.body.holdToken)}`;
  const bodyHash = createHash('sha256').update(canonicalJson(request.body)).digest('base64url');
  const [earlier, found] = await Promise.all([
    deps.store.orders.findByIdempotencyKey(scope, request.idempotencyKey),
    deps.store.quotes.find(request.body.quoteId),
  ]);
  if (earlier) return repeat(deps, earlier, request, bodyHash);

  const content = checkQuote(deps, found, request.body);
  const order = await newOrder(deps, { request, content, scope, bodyHash });
  try {
    await deps.store.orders.insert(order);
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    const winner = await deps.store.orders.findByIdempotencyKey(scope, request.idempotencyKey);
    if (winner) return repeat(deps, winner, request, bodyHash);
    // The order that was in the way lost its name and has just been deleted.
    if (!(await deps.store.orders.isOrdered(order.quoteId))) return placeOrder(deps, request);
    throw new ReasonError('quote_used', undefined, { cause: error });
  }
  if (!(await deps.store.accounts.takesOrders(order.accountId))) {
    await deps.store.orders.remove(order._id);
    throw new ReasonError('account_closed');
  }
  return accept(deps, order, request);
}

/**
 * Accepts an order whose name is held; one whose name was lost is deleted and refused. Of doubled requests that do both
 * at once the first one wins: an accepted order is never deleted, and a deleted one never accepted.
 */
async function accept(deps: ApiDeps, order: OrderRecord, request: PlaceOrder): Promise<OrderRecord> {
  const { orders, holds } = deps.store;
  const { name } = order.quote.subject;
  const outcome = await takeName(deps, order, request);
  if (outcome === 'held' && !(await orders.accept(order._id))) {
    await holds.release(name, [order._id]);
    return placeOrder(deps, request);
  }
  if (outcome !== 'held') {
    await orders.remove(order._id);
    // Its workflow ends an order that was accepted and has lost its name.
    if (!(await orders.find(order._id))) requireHeld(outcome, name);
  }
  deps.starts.soon(order);
  return order;
}

async function repeat(
  deps: ApiDeps,
  earlier: OrderRecord,
  request: PlaceOrder,
  bodyHash: string,
): Promise<OrderRecord> {
  if (earlier.bodyHash !== bodyHash) throw new ReasonError('idempotency_key_reused');
  // The first request may have failed half way.
  if (!earlier.startedAt && earlier.state === 'awaiting_payment') {
    await requireTaken(deps, earlier);
    return accept(deps, earlier, request);
  }
  return earlier;
}

/** Moves the hold from the cart to the order. */
async function takeName(deps: ApiDeps, order: OrderRecord, request: PlaceOrder): Promise<HoldOutcome> {
  return deps.store.holds.take({
    _id: order.quote.subject.name,
    holder: 'order',
    holderId: order._id,
    tokenHash: hashSecret(request.body.holdToken),
    accountId: order.accountId,
    ip: request.ip,
    until: new Date(now() + deps.config.FREEHOLD_HOLD_WITHOUT_ATTEMPT_MS),
  });
}

function checkQuote(deps: ApiDeps, quote: QuoteRecord | null, body: Body): QuoteContent<QuotedServer> {
  if (!quote) throw new ReasonError('not_found', 'no such quote');
  const key = deps.config.FREEHOLD_SIGNING_KEY;
  if (!verifyQuote({ content: quote.content, signature: body.signature, key })) throw new ReasonError('quote_altered');
  if (quote.holdTokenHash !== hashSecret(body.holdToken)) {
    throw new ReasonError('quote_altered', 'the hold token is not the one of this quote');
  }
  const { subject, ...priced } = quote.content;
  if (quote.content.expiresAt <= now()) throw new ReasonError('quote_expired');
  if (subject.kind !== 'server') throw new ReasonError('subject_not_sold', subject.kind);
  return { ...priced, subject };
}

/**
 * The account of a guest's address; never an account whose members do not include that address. Throws `not_a_member`.
 */
async function accountOfGuest(deps: ApiDeps, email: string): Promise<AccountRecord> {
  const account = await deps.store.accounts.openFor(email);
  if (!account.members.some((each) => each.email === account.email)) throw new ReasonError('not_a_member');
  return account;
}

async function newOrder(
  deps: ApiDeps,
  facts: { request: PlaceOrder; content: QuoteContent<QuotedServer>; scope: string; bodyHash: string },
): Promise<OrderRecord> {
  const { request, content, scope, bodyHash } = facts;
  const { body } = request;
  const billingEmail = body.billingEmail ?? body.adminEmail;
  const account = request.session?.account ?? (await accountOfGuest(deps, billingEmail));
  const others = deps.config.FREEHOLD_HOLDS_PER_ACCOUNT - 1;
  if (await deps.store.holds.areMoreThan(others, { accountId: account._id, except: content.subject.name })) {
    throw new ReasonError('too_many_holds');
  }
  const id = newId.order();
  return {
    _id: id,
    quoteId: content.id,
    idempotencyScope: scope,
    idempotencyKey: request.idempotencyKey,
    bodyHash,
    accountId: account._id,
    instanceId: newId.instance(),
    operationId: newId.operation(),
    capabilityHash: hashSecret(orderCapability(deps.config.FREEHOLD_SIGNING_KEY, id)),
    state: 'awaiting_payment',
    quote: content,
    paymentMethod: body.paymentMethod,
    adminEmail: body.adminEmail,
    billingEmail,
    billing: { ...body.billing, country: content.tax.country },
    invoiceIds: [],
    declines: 0,
    paid: 0,
    refunded: 0,
    createdAt: nowDate(),
  };
}
