import type { Request, RequestHandler, Response } from 'express';
import type { ApiDeps } from '../deps.ts';
import { findSession, requireCsrf, type SignedIn } from '../guards/session.ts';

/** Finds the session, counts the request for its account, and refuses cross-site writes. */
export function readSession(
  deps: ApiDeps,
  limitAccount: (accountId: string, request: Request, response: Response) => Promise<void>,
): RequestHandler {
  return async (request, response, next) => {
    const session = await findSession(request, deps);
    if (session) {
      await limitAccount(session.account._id, request, response);
      // Other sites cannot send an Authorization header without CORS permission, so it proves as much as the token.
      if (request.method === 'POST' && !request.get('authorization')) requireCsrf(request, session);
      response.locals.session = session;
    }
    next();
  };
}

/** The session that `readSession` found. */
export function sessionOf(response: Response): SignedIn | null {
  return (response.locals.session as SignedIn | undefined) ?? null;
}
