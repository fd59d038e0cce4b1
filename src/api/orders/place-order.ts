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
import { type HoldOutcome, holderAccountOf } from '../../store/hostname-holds.ts';
import type { OrderRecord, QuoteContent, QuotedServer, QuoteRecord } from '../../store/records.ts';
import type { ApiDeps } from '../deps.ts';
import { hashSecret, type SignedIn } from '../guards/session.ts';
import { isWithinLimits, requireHeld } from './make-quote.ts';
import { isProven, mailOrderLink } from './prove-address.ts';
import { requireTaken } from './start-orders.ts';

type Body = z.output<typeof OrderRequest>;

const otherToken = 'the hold token is not the one of this quote';

export interface PlaceOrder {
  body: Body;
  idempotencyKey: string;
  /** The member who orders; null for a guest. */
  session: SignedIn | null;
  ip: string;
}

/**
 * Places an order: first makes the hold of its cart count for the buyer, then inserts the row, whose
 * unique quote and Idempotency-Key let exactly one request win, then takes over the hold. The order is then accepted;
 * the workflow starts right afterwards without delaying the answer, and a sweep repeats failed starts. A repeated
 * request returns the same order; so does the same body with another key, because whoever has the cart's hold token may
 * reach its orders.
 *
 * Throws `idempotency_key_reused`, `not_found`, `quote_altered`, `quote_expired`, `subject_not_sold`, `quote_used` (its
 * detail is the id of the order), `hostname_taken`, `hostname_ordered`, `hostname_held`, `too_many_holds`,
 * `not_a_member`, `account_closed`.
 */
export async function placeOrder(deps: ApiDeps, request: PlaceOrder): Promise<OrderRecord> {
  const cartHash = hashSecret(request.body.holdToken);
  const bodyHash = createHash('sha256').update(canonicalJson(request.body)).digest('base64url');
  const asked: Asked = { request, cartHash, bodyHash, scope: request.session?.account._id ?? `cart:${cartHash}` };
  const [earlier, found] = await Promise.all([findEarlier(deps, asked), deps.store.quotes.find(request.body.quoteId)]);
  if (earlier) return repeat(deps, earlier, asked);

  const content = checkQuote(deps, found, request.body);
  const order = await newOrder(deps, asked, content);
  try {
    await claimName(deps, order, asked);
    await deps.store.orders.insert(order);
  } catch (error) {
    const isOrdered = isDuplicateKey(error) || (error instanceof ReasonError && error.code === 'hostname_ordered');
    const winner = isOrdered ? await findEarlier(deps, asked) : undefined;
    if (winner) return repeat(deps, winner, asked);
    if (!isDuplicateKey(error)) throw error;
    // The order that was in the way lost its name and has just been deleted.
    if (!(await deps.store.orders.findByQuote(order.quoteId))) return placeOrder(deps, request);
    throw new ReasonError('quote_used', undefined, { cause: error });
  }
  if (!(await deps.store.accounts.takesOrders(order.accountId))) {
    await deps.store.orders.remove(order._id);
    throw new ReasonError('account_closed');
  }
  return accept(deps, order, asked);
}

/**
 * Accepts an order whose name is held; one whose name was lost is deleted and refused. Of doubled requests that do both
 * at once the first one wins: an accepted order is never deleted, and a deleted one never accepted.
 */
async function accept(deps: ApiDeps, order: OrderRecord, asked: Asked): Promise<OrderRecord> {
  const { orders, holds } = deps.store;
  const { name } = order.quote.subject;
  const outcome = await takeName(deps, order, asked);
  if (outcome === 'held' && !(await orders.accept(order._id))) {
    await holds.release(name, [order._id]);
    return placeOrder(deps, asked.request);
  }
  if (outcome !== 'held') {
    await orders.remove(order._id);
    // Its workflow ends an order that was accepted and has lost its name.
    if (!(await orders.find(order._id))) await requireHeld(deps, outcome, name);
  }
  deps.starts.soon(order);
  if (order.addressProvenAt) mailOrderLink(deps, order);
  return order;
}

/** A request for an order, with what identifies it. */
interface Asked {
  request: PlaceOrder;
  cartHash: string;
  bodyHash: string;
  /** Within which an Idempotency-Key is unique: the account, or the cart of a guest. */
  scope: string;
}

/**
 * The order that this request has placed before: under its key, or for its quote by whoever has the cart's token.
 * Throws `idempotency_key_reused`, `quote_used`.
 */
async function findEarlier({ store }: ApiDeps, asked: Asked): Promise<OrderRecord | undefined> {
  const { request, cartHash, bodyHash, scope } = asked;
  const [byKey, ofQuote] = await Promise.all([
    store.orders.findByIdempotencyKey(scope, request.idempotencyKey),
    store.orders.findByQuote(request.body.quoteId),
  ]);
  if (byKey && byKey.bodyHash !== bodyHash) throw new ReasonError('idempotency_key_reused');
  if (byKey) return byKey;
  if (!ofQuote) return undefined;
  if (ofQuote.cartHash !== cartHash) throw new ReasonError('quote_altered', otherToken);
  if (ofQuote.bodyHash !== bodyHash) throw new ReasonError('quote_used', ofQuote._id);
  return ofQuote;
}

async function repeat(deps: ApiDeps, earlier: OrderRecord, asked: Asked): Promise<OrderRecord> {
  // The first request may have failed half way.
  if (!earlier.startedAt && earlier.state === 'awaiting_payment') {
    await requireTaken(deps, earlier);
    return accept(deps, earlier, asked);
  }
  return earlier;
}

/**
 * Makes sure that the cart holds the name of the order and that the hold counts for the member who orders, within their
 * limits; the hold of a guest has counted for the cart since its quote. Throws `too_many_holds`, `hostname_taken`,
 * `hostname_ordered`, `hostname_held`.
 */
async function claimName(deps: ApiDeps, order: OrderRecord, { request, cartHash }: Asked): Promise<void> {
  const { holds } = deps.store;
  const { name } = order.quote.subject;
  const accountId = holderAccountOf(order);
  const buyer = { accountId, tokenHash: cartHash, ip: request.ip };
  const hold = await holds.find(name);
  const isOfCart = hold?.holder === 'quote' && hold.tokenHash === cartHash;
  if (hold && isOfCart && (!accountId || hold.accountId === accountId)) return;
  if (hold && accountId && (await holds.assign(name, { tokenHash: cartHash, accountId }))) {
    if (await isWithinLimits(deps, name, { ...buyer, ip: hold.ip ?? request.ip })) return;
    await holds.unassign(name, hold);
    throw new ReasonError('too_many_holds');
  }
  const until = new Date(order.quote.expiresAt);
  const outcome = await holds.take({ _id: name, holder: 'quote', holderId: order.quoteId, until, ...buyer });
  await requireHeld(deps, outcome, name);
  if (await isWithinLimits(deps, name, buyer)) return;
  await holds.release(name, [order.quoteId]);
  throw new ReasonError('too_many_holds');
}

/** Moves the hold from the cart to the order. */
async function takeName(deps: ApiDeps, order: OrderRecord, { request, cartHash }: Asked): Promise<HoldOutcome> {
  return deps.store.holds.take({
    _id: order.quote.subject.name,
    holder: 'order',
    holderId: order._id,
    tokenHash: cartHash,
    accountId: holderAccountOf(order),
    ip: request.ip,
    until: new Date(now() + deps.config.FREEHOLD_HOLD_WITHOUT_ATTEMPT_MS),
  });
}

function checkQuote(deps: ApiDeps, quote: QuoteRecord | null, body: Body): QuoteContent<QuotedServer> {
  if (!quote) throw new ReasonError('not_found', 'no such quote');
  const key = deps.config.FREEHOLD_SIGNING_KEY;
  if (!verifyQuote({ content: quote.content, signature: body.signature, key })) throw new ReasonError('quote_altered');
  if (quote.holdTokenHash !== hashSecret(body.holdToken)) {
    throw new ReasonError('quote_altered', otherToken);
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

async function newOrder(deps: ApiDeps, asked: Asked, content: QuoteContent<QuotedServer>): Promise<OrderRecord> {
  const { request, cartHash, bodyHash, scope } = asked;
  const { body, session } = request;
  const billingEmail = body.billingEmail ?? body.adminEmail;
  const account = session?.account ?? (await accountOfGuest(deps, billingEmail));
  const id = newId.order();
  return {
    _id: id,
    quoteId: content.id,
    idempotencyScope: scope,
    idempotencyKey: request.idempotencyKey,
    bodyHash,
    cartHash,
    accountId: account._id,
    memberId: session?.member._id,
    instanceId: newId.instance(),
    operationId: newId.operation(),
    capabilityHash: hashSecret(orderCapability(deps.config.FREEHOLD_SIGNING_KEY, id)),
    state: 'awaiting_payment',
    quote: content,
    paymentMethod: body.paymentMethod,
    adminEmail: body.adminEmail,
    billingEmail,
    ...(isProven(session, billingEmail) ? { addressProvenAt: nowDate() } : {}),
    billing: { ...body.billing, country: content.tax.country },
    invoiceIds: [],
    declines: 0,
    paid: 0,
    refunded: 0,
    createdAt: nowDate(),
  };
}
