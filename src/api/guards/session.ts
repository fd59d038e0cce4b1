import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, Response } from 'express';
import { ReasonError } from '../../contracts/reasons.ts';
import type { Member } from '../../domain/accounts/account-people.ts';
import { deriveSecret } from '../../domain/billing/order-link.ts';
import { now, nowDate } from '../../runtime/clock.ts';
import { newSecret } from '../../runtime/new-id.ts';
import type { AccountRecord } from '../../store/accounts.ts';
import type { ApiDeps } from '../deps.ts';
import { rememberBrowser } from './browser.ts';
import { clearCookie, cookieIn, setCookie } from './cookies.ts';

/** A member of an account, signed in by the session cookie. */
export interface SignedIn {
  account: AccountRecord;
  member: Member;
  csrfToken: string;
  expiresAt: Date;
  /** Key of the session in the store. */
  sessionHash: string;
}

/** Hash under which a secret is stored. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** Compares two texts in constant time. */
export function sameText(one: string, other: string): boolean {
  return timingSafeEqual(createHash('sha256').update(one).digest(), createHash('sha256').update(other).digest());
}

/** A keyed value for one purpose, derived from the signing key, so that it need not be stored. */
export function derive(deps: Pick<ApiDeps, 'config'>, purpose: string, text: string): string {
  return deriveSecret(deps.config.FREEHOLD_SIGNING_KEY, { purpose, text });
}

/** Name of the session cookie, before its prefix. */
export const sessionCookie = 'freehold_session';

function csrfOf(deps: ApiDeps, secret: string): string {
  return derive(deps, 'csrf', secret);
}

/** The session of the request's cookie; null without one or when it has ended. */
export async function findSession(request: Request, deps: ApiDeps): Promise<SignedIn | null> {
  const secret = cookieIn(request, deps, sessionCookie);
  if (!secret) return null;
  const sessionHash = hashSecret(secret);
  const session = await deps.store.sessions.find(sessionHash);
  if (!session || session.expiresAt.getTime() <= now()) return null;
  const account = await deps.store.accounts.find(session.accountId);
  const member = account?.members.find(({ _id }) => _id === session.memberId);
  if (!account || !member) return null;
  return { account, member, csrfToken: csrfOf(deps, secret), expiresAt: session.expiresAt, sessionHash };
}

/** A write that the cookie authenticates must carry the token that no other site can read. Throws `csrf_mismatch`. */
export function requireCsrf(request: Request, session: SignedIn): void {
  const given = request.get('x-csrf-token') ?? '';
  if (!sameText(given, session.csrfToken)) throw new ReasonError('csrf_mismatch');
}

/** Signs a member in: sets the session cookie, and remembers the browser for their address. */
export async function openSession(
  response: Response,
  deps: ApiDeps,
  { account, member }: Pick<SignedIn, 'account' | 'member'>,
): Promise<SignedIn> {
  const secret = newSecret();
  const lifetimeMs = deps.config.FREEHOLD_SESSION_MS;
  const expiresAt = new Date(now() + lifetimeMs);
  const sessionHash = hashSecret(secret);
  await deps.store.sessions.insert({
    _id: sessionHash,
    accountId: account._id,
    memberId: member._id,
    createdAt: nowDate(),
    expiresAt,
  });
  setCookie(response, deps, { name: sessionCookie, value: secret, maxAgeMs: lifetimeMs });
  await rememberBrowser(response, deps, member.email);
  return { account, member, csrfToken: csrfOf(deps, secret), expiresAt, sessionHash };
}

/** Ends a session in the store and in the browser. */
export async function closeSession(response: Response, deps: ApiDeps, session: SignedIn): Promise<void> {
  await deps.store.sessions.remove(session.sessionHash);
  clearCookie(response, deps, sessionCookie);
}
