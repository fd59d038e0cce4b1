import type { CookieOptions, Request, Response } from 'express';
import { cookiesOf } from '../../runtime/cookies.ts';
import type { ApiDeps } from '../deps.ts';

/**
 * The API's cookies: HttpOnly, and where the public address is HTTPS also Secure and with the prefix `__Host-`.
 * Browsers accept such a name only from this very host, so a server on a subdomain, which customers run, can neither
 * set nor replace the cookie.
 */

function isOverTls({ config }: Pick<ApiDeps, 'config'>): boolean {
  return config.FREEHOLD_PUBLIC_URL.startsWith('https:');
}

/** The full name of a cookie in this installation. */
export function cookieName(deps: Pick<ApiDeps, 'config'>, name: string): string {
  return isOverTls(deps) ? `__Host-${name}` : name;
}

function optionsOf(deps: Pick<ApiDeps, 'config'>): CookieOptions {
  return { httpOnly: true, sameSite: 'lax', path: '/', secure: isOverTls(deps) };
}

/** The value of a cookie; undefined without it, and if it is sent twice. */
export function cookieIn(request: Request, deps: Pick<ApiDeps, 'config'>, name: string): string | undefined {
  return cookiesOf(request.headers.cookie)[cookieName(deps, name)];
}

export function setCookie(
  response: Response,
  deps: Pick<ApiDeps, 'config'>,
  cookie: { name: string; value: string; maxAgeMs: number },
): void {
  response.cookie(cookieName(deps, cookie.name), cookie.value, { ...optionsOf(deps), maxAge: cookie.maxAgeMs });
}

export function clearCookie(response: Response, deps: Pick<ApiDeps, 'config'>, name: string): void {
  response.clearCookie(cookieName(deps, name), optionsOf(deps));
}
