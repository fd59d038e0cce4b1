import type { Request, Response } from 'express';
import type { ReasonCode } from '../../contracts/reasons.ts';
import type * as routing from '../../routing/route.ts';
import type { ApiDeps } from '../deps.ts';
import type { SignedIn } from './session.ts';

export type Security = 'session' | 'capability' | 'operator';

/** What guards and handlers of the API know of a request. */
export interface ApiFacts {
  request: Request;
  response: Response;
  /** The member whom the session cookie names, if any; its CSRF token was checked already on writes. */
  session: SignedIn | null;
  deps: ApiDeps;
  /** What a form of the live page brought as its token; absent for requests of programs. */
  formToken?: string;
}

export interface Guard<Caller> extends routing.Guard<Caller, ApiFacts, ReasonCode> {
  security: readonly Security[];
}

/** Open to everybody. */
export const open: Guard<null> = { security: [], optional: true, problems: [], admit: () => null };
