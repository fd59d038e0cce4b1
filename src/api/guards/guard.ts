import type { Request, Response } from 'express';
import type { ReasonCode } from '../../contracts/reasons.ts';
import type * as routing from '../../routing/route.ts';
import type { ApiDeps } from '../deps.ts';
import type { SignedIn } from './session.ts';

export type Security = 'session' | 'capability' | 'operator';

/** What guards and handlers of the API know about a request. */
export interface ApiFacts {
  request: Request;
  response: Response;
  /** The member of the session cookie, if any; on writes the CSRF token has been checked. */
  session: SignedIn | null;
  deps: ApiDeps;
  /** The token in a form of the live page; absent in API requests. */
  formToken?: string;
}

export interface Guard<Caller> extends routing.Guard<Caller, ApiFacts, ReasonCode> {
  security: readonly Security[];
}

/** Open to everybody. */
export const open: Guard<null> = { security: [], optional: true, problems: [], admit: () => null };
