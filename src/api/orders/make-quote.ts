import type { z } from 'zod';
import type { Quote, QuoteRequest } from '../../contracts/api/quotes.ts';
import type { Catalogue } from '../../contracts/catalogue.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import { type PricedCart, priceCart } from '../../domain/billing/price-cart.ts';
import { signQuote } from '../../domain/billing/quote-signature.ts';
import { taxFor } from '../../domain/billing/tax.ts';
import { adviseOnCart } from '../../domain/catalogue/advice.ts';
import { type CheckedCart, readCart } from '../../domain/catalogue/catalogue.ts';
import { collectFields } from '../../domain/catalogue/collect-fields.ts';
import { hostnameOf, parseName } from '../../domain/hostnames/hostname.ts';
import { now } from '../../runtime/clock.ts';
import { newId, newSecret } from '../../runtime/new-id.ts';
import type { HoldOutcome } from '../../store/hostname-holds.ts';
import type { QuoteContent, QuotedServer } from '../../store/records.ts';
import type { ApiDeps } from '../deps.ts';
import { hashSecret } from '../guards/session.ts';
import { priceView, quotedServerView } from '../views/order-view.ts';

/**
 * The buyer of a quote: the account of a signed-in member, or a guest. Unpaid holds count against the account or the
 * guest's cart, and always against the client address.
 */
export interface Buyer {
  accountId?: string | undefined;
  ip: string;
}

/**
 * Checks and prices a cart, holds its hostname for as long as the quote is valid, and signs it.
 * Throws the reason codes of carts, hostnames and countries, `hostname_taken`, `hostname_ordered`, `hostname_held`,
 * `too_many_holds`.
 */
export async function makeQuote(deps: ApiDeps, request: z.output<typeof QuoteRequest>, buyer: Buyer): Promise<Quote> {
  const { catalogue, config, store } = deps;
  const at = now();
  const { cart, name, price } = readRequest(request, { catalogue, at });
  const content: QuoteContent<QuotedServer> = {
    id: newId.quote(),
    catalogueVersion: catalogue.version,
    subject: {
      kind: 'server',
      plan: cart.plan.name,
      cycle: cart.cycle,
      cloud: cart.cloud.name,
      region: cart.region.name,
      zones: cart.zones,
      name,
      hostname: hostnameOf({ name, cloud: cart.cloud.name }, catalogue, config.FREEHOLD_BASE_DOMAIN),
      addOns: cart.addOns,
      limits: cart.limits,
      features: cart.features,
      size: cart.size,
      diskGib: cart.diskGib,
      product: { name: catalogue.product.name, version: catalogue.product.version },
    },
    lines: price.lines,
    currency: price.currency,
    net: price.net,
    tax: price.tax,
    total: price.total,
    expiresAt: at + config.FREEHOLD_QUOTE_VALID_MS,
  };
  const signature = signQuote(content, config.FREEHOLD_SIGNING_KEY);
  const expiresAt = new Date(content.expiresAt);
  const holdToken = request.holdToken ?? newSecret();
  const holdTokenHash = hashSecret(holdToken);

  // A quote whose name was refused is never returned, so its row does no harm.
  await Promise.all([
    holdName(deps, { content, holdTokenHash, buyer, isNewCart: request.holdToken === undefined }),
    store.quotes.insert({ _id: content.id, content, signature, holdTokenHash, createdAt: new Date(at), expiresAt }),
  ]);
  return {
    id: content.id,
    signature,
    holdToken,
    subject: quotedServerView(content.subject),
    ...priceView(content),
    net: content.net,
    tax: content.tax,
    expiresAt: expiresAt.toISOString(),
    ...adviseOnCart(cart, { catalogue, accounts: request.accounts }),
  };
}

/** The cart, its name and its price; throws all that is refused at once. */
function readRequest(
  request: z.output<typeof QuoteRequest>,
  { catalogue, at }: { catalogue: Catalogue; at: number },
): { cart: CheckedCart; name: string; price: PricedCart } {
  const { country } = request;
  const fields = collectFields();
  const cart = readCart(request, catalogue, fields);
  const name = fields.check('name', () => parseName(request.name));
  const tax = fields.check('country', () => taxFor({ country, at }));
  const isComplete = cart && tax && name !== undefined;
  return fields.result(isComplete ? { cart, name, price: priceCart(cart, { catalogue, country, at }) } : undefined);
}

/** Holds the name for the quote; the quotes of one cart count as one hold, and a buyer over the limit is refused. */
async function holdName(
  deps: ApiDeps,
  hold: { content: QuoteContent<QuotedServer>; holdTokenHash: string; buyer: Buyer; isNewCart: boolean },
): Promise<void> {
  const { store } = deps;
  const { content, holdTokenHash, buyer } = hold;
  const { name } = content.subject;
  const outcome = await store.holds.take({
    _id: name,
    holder: 'quote',
    holderId: content.id,
    tokenHash: holdTokenHash,
    accountId: buyer.accountId,
    ip: buyer.ip,
    until: new Date(content.expiresAt),
  });
  await requireHeld(deps, outcome, name);
  if (!hold.isNewCart) await store.holds.releaseOthers(holdTokenHash, name);
  if (await isWithinLimits(deps, name, { ...buyer, tokenHash: holdTokenHash })) return;
  await store.holds.release(name, [content.id]);
  throw new ReasonError('too_many_holds');
}

/** Whether the hold on this name is within the limits of its client address and of its account or cart. */
export async function isWithinLimits(
  { store, config }: Pick<ApiDeps, 'store' | 'config'>,
  name: string,
  { accountId, ip, tokenHash }: Buyer & { tokenHash: string },
): Promise<boolean> {
  const ofBuyer = accountId ? { accountId } : { tokenHash };
  const within = await Promise.all([
    store.holds.isWithin(config.FREEHOLD_HOLDS_PER_IP, name, { ip }),
    store.holds.isWithin(config.FREEHOLD_HOLDS_PER_ACCOUNT, name, ofBuyer),
  ]);
  return !within.includes(false);
}

/**
 * Throws `hostname_taken`, `hostname_ordered` (its detail is the id of the cart's own order) or `hostname_held` unless
 * the name is held.
 */
export async function requireHeld(
  { store }: Pick<ApiDeps, 'store'>,
  outcome: HoldOutcome,
  name: string,
): Promise<void> {
  switch (outcome) {
    case 'held':
      return;
    case 'taken_by_instance':
      throw new ReasonError('hostname_taken', `"${name}" belongs to another server`);
    case 'held_by_own_order':
      throw new ReasonError('hostname_ordered', (await store.holds.find(name))?.holderId);
    case 'held_by_other':
      throw new ReasonError('hostname_held', `"${name}" is being ordered by somebody else`);
  }
}
