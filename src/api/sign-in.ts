import { randomInt } from 'node:crypto';
import { emailKey } from '../contracts/email.ts';
import { ReasonError } from '../contracts/reasons.ts';
import { renderSignInCode } from '../mail/sign-in-code.ts';
import { newId } from '../runtime/new-id.ts';
import { signInCodesTo } from '../store/allowances.ts';
import type { ApiDeps } from './deps.ts';
import { knowsBrowser } from './guards/browser.ts';
import { derive, hashSecret, type SignedIn } from './guards/session.ts';
import { proveAddress } from './orders/prove-address.ts';

function hashCode(deps: ApiDeps, email: string, code: string): string {
  return derive(deps, 'sign-in-code', `${emailKey(email)}\n${code}`);
}

/** Who asks for a code: the browser by its secret, and the client by its address. */
interface CodeRequest {
  email: string;
  browser: string;
  client: string;
}

/**
 * Creates a new code for an address, which only this browser can redeem, and mails it, whether or not the address has
 * an account. The mail is sent after the answer, so that the response time reveals nothing. Throws `too_many_requests`.
 */
export async function requestCode(deps: ApiDeps, { email, browser, client }: CodeRequest): Promise<void> {
  const { FREEHOLD_SIGN_IN_CODE_MS: validMs } = deps.config;
  const browserHash = hashSecret(browser);
  const isKnown = await knowsBrowser(deps, browser, email);
  await requireFewCodes(deps, isKnown ? { email, browserHash } : { email, client });
  const code = String(randomInt(1_000_000)).padStart(6, '0');
  const codeHash = hashCode(deps, email, code);
  await deps.store.signInCodes.insert({ email, browserHash, codeHash, validMs });
  const domain = new URL(deps.config.FREEHOLD_PUBLIC_URL).hostname;
  deps.mail
    .send({ messageId: `<sign-in-${newId.request()}@${domain}>`, to: email, ...renderSignInCode({ code, validMs }) })
    .catch((error) => deps.log.error({ err: error }, 'a sign-in code could not be mailed'));
}

/**
 * A browser that is known for the address has a limit of its own, so that strangers who ask for codes cannot keep its
 * owner out. Others are limited by client and address, and all of them together by the address alone. Throws
 * `too_many_requests`.
 */
async function requireFewCodes(
  { config, store }: ApiDeps,
  { email, ...by }: { email: string } & ({ browserHash: string } | { client: string }),
): Promise<void> {
  const { FREEHOLD_SIGN_IN_CODES_PER_HOUR: most, FREEHOLD_SIGN_IN_CODES_PER_HOUR_OF_STRANGERS: mostOfStrangers } =
    config;
  const own = signInCodesTo(email, { by: 'client' in by ? by.client : by.browserHash, most });
  const ofStrangers = signInCodesTo(email, { by: 'strangers', most: mostOfStrangers });
  const outcome = await store.allowances.take(own);
  if (!outcome.allowed) throw tooManyCodes(outcome);
  if (!('client' in by)) return;
  const together = await store.allowances.take(ofStrangers);
  if (together.allowed) return;
  await store.allowances.giveBack(own);
  throw tooManyCodes(together);
}

function tooManyCodes({ retryAfterMs }: { retryAfterMs: number }): ReasonError {
  return new ReasonError('too_many_requests', 'too many codes for this address', { retryAfterMs });
}

/**
 * The member whom a code signs in: to the named account, else to their own, else to the oldest; an address without an
 * account gets one. The code is redeemed by the browser that asked for it. Throws `sign_in_code_wrong`, `not_a_member`,
 * and `not_found` for an account that is not theirs.
 */
export async function redeemCode(
  deps: ApiDeps,
  request: { email: string; code: string; browser: string | undefined; accountId?: string | undefined },
): Promise<Pick<SignedIn, 'account' | 'member'>> {
  const { email, code, browser, accountId } = request;
  if (!browser) throw new ReasonError('sign_in_code_wrong', 'without the cookie of the browser that asked for a code');
  const codeHash = hashCode(deps, email, code);
  if (!(await deps.store.signInCodes.redeem({ email, browserHash: hashSecret(browser) }, codeHash))) {
    throw new ReasonError('sign_in_code_wrong');
  }
  const { accounts } = deps.store;
  const own = await accounts.findByMember(email);
  if (own) await proveAddress(deps, email, own);
  if (accountId) return enterAccount(deps, { email, accountId });
  const account = own ?? (await accounts.openFor(email));
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
