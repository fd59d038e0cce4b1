import type { Request, Response } from 'express';
import { SecretText } from '../../contracts/api/common.ts';
import { emailKey } from '../../contracts/email.ts';
import { deriveSecret } from '../../domain/billing/order-link.ts';
import { now } from '../../runtime/clock.ts';
import { newSecret } from '../../runtime/new-id.ts';
import type { ApiDeps } from '../deps.ts';
import { cookieIn, setCookie } from './cookies.ts';

/**
 * A browser is told apart by a cookie with a secret of its own, from its first request for a sign-in code on. It is
 * known for an address once that address has signed in with it.
 */
const cookieName = 'freehold_browser';

/** The secret of the browser; undefined without a valid cookie. */
export function browserIn(request: Request, deps: Pick<ApiDeps, 'config'>): string | undefined {
  return SecretText.safeParse(cookieIn(request, deps, cookieName)).data;
}

/** The secret of the browser, which gets one if it has none; its cookie lasts from now on as long as if it were new. */
export function markBrowser(response: Response, deps: Pick<ApiDeps, 'config'>): string {
  const browser = browserIn(response.req, deps) ?? newSecret();
  setCookie(response, deps, { name: cookieName, value: browser, maxAgeMs: deps.config.FREEHOLD_KNOWN_BROWSER_MS });
  return browser;
}

/** Whether this address has signed in with the browser before. */
export async function knowsBrowser(deps: ApiDeps, browser: string, email: string): Promise<boolean> {
  return deps.store.knownBrowsers.knows(keyOf(deps, browser, email));
}

/** From now on the browser is known for this address. */
export async function rememberBrowser(response: Response, deps: ApiDeps, email: string): Promise<void> {
  const browser = markBrowser(response, deps);
  const expiresAt = new Date(now() + deps.config.FREEHOLD_KNOWN_BROWSER_MS);
  await deps.store.knownBrowsers.remember(keyOf(deps, browser, email), expiresAt);
}

function keyOf(deps: ApiDeps, browser: string, email: string): string {
  const text = `${emailKey(email)}\n${browser}`;
  return deriveSecret(deps.config.FREEHOLD_SIGNING_KEY, { purpose: 'known-browser', text });
}
