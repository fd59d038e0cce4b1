import { createHmac, timingSafeEqual } from 'node:crypto';
import type { CookieOptions, RequestHandler, Response } from 'express';
import { cookiesOf } from '../../runtime/cookies.ts';
import { newSecret } from '../../runtime/new-id.ts';
import type { Asking } from '../actions/guards.ts';
import type { Host } from '../host.ts';
import { HostError } from '../reasons.ts';
import { sessionLifeMs } from '../store/sessions.ts';

/** `__Host-`: the browser accepts it only over TLS, for exactly this hostname. */
const sessionCookie = '__Host-session';
/** Binds the forms of a visitor who has not signed in to that browser. */
const visitCookie = '__Host-visit';

interface Visit {
  user: Asking;
  /** Token of the session; undefined without one. */
  session: string | undefined;
  /** Input of the CSRF token. */
  seed: string;
}

const cookieOptions: CookieOptions = { httpOnly: true, sameSite: 'lax', secure: true, path: '/' };

/** Identifies the visitor; `visitOf` reads it. */
export function session(host: Host): RequestHandler {
  return (req, res, next) => {
    const cookies = cookiesOf(req.headers.cookie);
    const token = cookies[sessionCookie];
    const userId = token ? host.store.sessions.userIdOf(token) : undefined;
    const user = userId ? host.store.users.byId(userId) : undefined;
    const visit: Visit = user
      ? { user, session: token, seed: token! }
      : { user: undefined, session: undefined, seed: cookies[visitCookie] ?? '' };
    res.locals.visit = visit;
    next();
  };
}

export function visitOf(res: Response): Visit {
  return res.locals.visit as Visit;
}

export function beginSession(res: Response, token: string): void {
  res.cookie(sessionCookie, token, { ...cookieOptions, maxAge: sessionLifeMs });
  res.clearCookie(visitCookie, cookieOptions);
}

export function endSession(host: Host, res: Response): void {
  const { session: token } = visitOf(res);
  if (token) host.store.sessions.end(token);
  res.clearCookie(sessionCookie, cookieOptions);
}

function csrfOf(host: Host, seed: string): Buffer {
  return createHmac('sha256', host.store.formKey).update(seed).digest();
}

/** The token for the forms of a page; gives a new visitor the cookie that it belongs to. */
export function csrfFor(host: Host, res: Response): string {
  const visit = visitOf(res);
  if (visit.seed === '') {
    visit.seed = newSecret();
    res.cookie(visitCookie, visit.seed, cookieOptions);
  }
  return csrfOf(host, visit.seed).toString('base64url');
}

/** Throws `csrf_mismatch` if a form was not made by this server for this visitor. */
export function requireCsrf(host: Host, res: Response, token: unknown): void {
  const { seed } = visitOf(res);
  const given = Buffer.from(typeof token === 'string' ? token : '', 'base64url');
  const expected = csrfOf(host, seed);
  if (seed === '' || given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new HostError('csrf_mismatch');
  }
}

/**
 * For JSON calls, which carry no CSRF token: browsers name the site that a request comes from, and cannot send JSON or
 * DELETE to another site without a preflight, which this server never grants.
 */
export const requireSameSite: RequestHandler = (req, _res, next) => {
  if (req.method === 'GET' || req.method === 'HEAD') return next();
  const site = req.get('Sec-Fetch-Site');
  const origin = req.get('Origin');
  const foreign = origin !== undefined && URL.parse(origin)?.host !== req.headers.host?.toLowerCase();
  if ((site !== undefined && site !== 'same-origin' && site !== 'none') || foreign) throw new HostError('cross_site');
  if (req.method === 'POST' && !req.is('application/json')) throw new HostError('unsupported_media_type');
  next();
};
