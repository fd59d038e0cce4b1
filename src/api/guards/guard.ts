import type { Request } from 'express';
import type { ReasonCode } from '../../contracts/reasons.ts';
import type { ApiDeps } from '../deps.ts';
import type { SignedIn } from './session.ts';

export type Security = 'session' | 'capability' | 'operator';

/** What a guard judges by. */
export interface GuardFacts {
  request: Request;
  params: Record<string, string>;
  /** The member whom the session cookie names, if any; its CSRF token was checked already on writes. */
  session: SignedIn | null;
  deps: ApiDeps;
  /** What a form of the live page brought as its token; absent for requests of programs. */
  formToken?: string;
}

/** Lets a caller in or throws the reason why not. */
export interface Guard<Caller> {
  /** Any one of these lets in; empty is open to everybody. */
  security: readonly Security[];
  /** Whether a request without credentials is let in too. */
  optional: boolean;
  problems: readonly ReasonCode[];
  admit(facts: GuardFacts): Promise<Caller>;
}

/** Open to everybody. */
export const open: Guard<null> = { security: [], optional: true, problems: [], admit: async () => null };
