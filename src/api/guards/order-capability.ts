import type { Request } from 'express';
import { ReasonError } from '../../contracts/reasons.ts';
import { orderHasEnded } from '../../contracts/states.ts';
import { bearerOf } from '../../routing/bearer.ts';
import { now } from '../../runtime/clock.ts';
import type { OrderRecord } from '../../store/records.ts';
import type { ApiDeps } from '../deps.ts';
import { cookieIn } from './cookies.ts';
import { derive, hashSecret, type SignedIn, sameText } from './session.ts';

/** Name of the cookie with the capability of one order, before its prefix; set by the live page. */
export function capabilityCookie(orderId: string): string {
  return `freehold_${orderId}`;
}

/**
 * The capability of a request: from the header, or from the live page's cookie. The cookie alone permits reading only;
 * a form that writes must carry the page's token. Throws `csrf_mismatch`.
 */
export function capabilityIn(
  request: Request,
  facts: { deps: Pick<ApiDeps, 'config'>; orderId: string; formToken?: string | undefined },
): string | undefined {
  const bearer = bearerOf(request);
  if (bearer) return bearer;
  const kept = cookieIn(request, facts.deps, capabilityCookie(facts.orderId));
  if (!kept || request.method === 'GET' || request.method === 'HEAD') return kept;
  if (facts.formToken === undefined) return undefined;
  if (!sameText(facts.formToken, derive(facts.deps, 'form', kept))) throw new ReasonError('csrf_mismatch');
  return kept;
}

/** The token in the forms of an order's page, for readers by capability or by session. */
export function formTokenOf(
  request: Request,
  facts: { deps: Pick<ApiDeps, 'config'>; orderId: string; session: SignedIn | null },
): string {
  const kept = cookieIn(request, facts.deps, capabilityCookie(facts.orderId));
  return kept ? derive(facts.deps, 'form', kept) : (facts.session?.csrfToken ?? '');
}

/** Whether a capability belongs to this order. */
export function opensOrder(order: OrderRecord, capability: string): boolean {
  return sameText(hashSecret(capability), order.capabilityHash);
}

/** Whether the capability of an order still opens it: the right to read ends some days after the order. */
export function hasLivingCapability(order: OrderRecord, deps: Pick<ApiDeps, 'config'>): boolean {
  const endedAt = order.endedAt?.getTime();
  if (!orderHasEnded(order.state) || endedAt === undefined) return true;
  return now() <= endedAt + deps.config.FREEHOLD_CAPABILITY_READ_MS;
}

/** Throws `not_signed_in` once the capability has expired. */
export function requireLivingCapability(order: OrderRecord, deps: Pick<ApiDeps, 'config'>): void {
  if (!hasLivingCapability(order, deps)) throw new ReasonError('not_signed_in', 'the link of this order has expired');
}
