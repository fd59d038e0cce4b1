import { randomInt } from 'node:crypto';
import { ReasonError } from '../contracts/reasons.ts';
import { renderSignInCode } from '../mail/sign-in-code.ts';
import { now } from '../runtime/clock.ts';
import { newId } from '../runtime/new-id.ts';
import { emailKey } from '../store/accounts.ts';
import type { ApiDeps } from './deps.ts';
import { derive, type SignedIn } from './guards/session.ts';

const hourMs = 3_600_000;

function hashCode(deps: ApiDeps, email: string, code: string): string {
  return derive(deps, 'sign-in-code', `${emailKey(email)}\n${code}`);
}

/**
 * Creates a new code for an address and mails it, whether or not the address has an account. The mail is sent after the
 * answer, so that the response time reveals nothing. Throws `too_many_requests` over the limit of the address.
 */
export async function requestCode(deps: ApiDeps, email: string): Promise<void> {
  const { FREEHOLD_SIGN_IN_CODES_PER_HOUR: limit, FREEHOLD_SIGN_IN_CODE_MS: validMs } = deps.config;
  const recentCodes = await deps.store.signInCodes.countSince(email, new Date(now() - hourMs));
  if (recentCodes >= limit) {
    throw new ReasonError('too_many_requests', 'too many codes for this address', { retryAfterMs: hourMs });
  }
  const code = String(randomInt(1_000_000)).padStart(6, '0');
  await deps.store.signInCodes.insert({ email, codeHash: hashCode(deps, email, code), validMs });
  const domain = new URL(deps.config.FREEHOLD_PUBLIC_URL).hostname;
  deps.mail
    .send({ messageId: `<sign-in-${newId.request()}@${domain}>`, to: email, ...renderSignInCode({ code, validMs }) })
    .catch((error) => deps.log.error({ err: error }, 'a sign-in code could not be mailed'));
}

/**
 * The member whom a code signs in: to the named account, else to their own, else to the oldest; an address without an
 * account gets one. Throws `sign_in_code_wrong`, `not_a_member`, and `not_found` for an account that is not theirs.
 */
export async function redeemCode(
  deps: ApiDeps,
  { email, code, accountId }: { email: string; code: string; accountId?: string | undefined },
): Promise<Pick<SignedIn, 'account' | 'member'>> {
  if (!(await deps.store.signInCodes.redeem(email, hashCode(deps, email, code)))) {
    throw new ReasonError('sign_in_code_wrong');
  }
  if (accountId) return enterAccount(deps, { email, accountId });
  const { accounts } = deps.store;
  const account = (await accounts.findByMember(email)) ?? (await accounts.openFor(email));
  const member = account.members.find((each) => each.email === emailKey(email));
  if (!member) throw new ReasonError('not_a_member');
  return { account, member };
}

/** An account of this address, with the address's member in it. Throws `not_found`. */
export async function enterAccount(
  deps: ApiDeps,
  { email, accountId }: { email: string; accountId: string },
): Promise<Pick<SignedIn, 'account' | 'member'>> {
  const account = await deps.store.accounts.find(accountId);
  const member = account?.members.find((each) => each.email === emailKey(email));
  if (!account || !member) throw new ReasonError('not_found', 'no such account of yours');
  return { account, member };
}
