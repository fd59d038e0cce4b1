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

/** The buyer of a quote: holds count against the account, and always against the client address. */
export interface Buyer {
  accountId?: string | undefined;
  ip: string;
}

/**
 * Checks and prices a cart, holds its hostname for as long as the quote is valid, and signs it (design 5.1).
 * Throws the reason codes of carts, hostnames and countries, `hostname_taken`, `hostname_held`, `too_many_holds`.
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

/** Holds the name for the quote; one cart counts as one hold, and a buyer over the limit is refused. */
async function holdName(
  deps: ApiDeps,
  hold: { content: QuoteContent<QuotedServer>; holdTokenHash: string; buyer: Buyer; isNewCart: boolean },
): Promise<void> {
  const { store, config } = deps;
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
  requireHeld(outcome, name);
  if (!hold.isNewCart) await store.holds.releaseOthers(holdTokenHash, name);
  const { FREEHOLD_HOLDS_PER_IP, FREEHOLD_HOLDS_PER_ACCOUNT } = config;
  const tooMany = await Promise.all([
    store.holds.areMoreThan(FREEHOLD_HOLDS_PER_IP, { ip: buyer.ip }),
    buyer.accountId ? store.holds.areMoreThan(FREEHOLD_HOLDS_PER_ACCOUNT, { accountId: buyer.accountId }) : false,
  ]);
  if (!tooMany.includes(true)) return;
  await store.holds.release(name, [content.id]);
  throw new ReasonError('too_many_holds');
}

/** Throws `hostname_taken` or `hostname_held` unless the name is held. */
export function requireHeld(outcome: HoldOutcome, name: string): void {
  switch (outcome) {
    case 'held':
      return;
    case 'taken_by_instance':
      throw new ReasonError('hostname_taken', `"${name}" belongs to another server`);
    case 'held_by_other':
      throw new ReasonError('hostname_held', `"${name}" is being ordered by somebody else`);
  }
}
