import type { Request, Response } from 'express';
import { type ReasonCode, ReasonError } from '../contracts/reasons.ts';
import type { RouteServer } from '../routing/mount.ts';
import { requireJson } from '../routing/require-json.ts';
import type { ApiDeps } from './deps.ts';
import type { ApiFacts } from './guards/guard.ts';
import { readSession, sessionOf } from './middleware/sessions.ts';
import { misfitReason, problemCatalogue } from './problems.ts';

/** What the API passes to the route framework. */
export function apiServer(
  deps: ApiDeps,
  limitAccount: (accountId: string, request: Request, response: Response) => Promise<void>,
): RouteServer<ApiFacts, ReasonCode> {
  const session = readSession(deps, limitAccount);
  return {
    factsOf: (request, response) => ({ request, response, session: sessionOf(response), deps }),
    before: ({ body, guard }, { readBody, readParams, admit }) => [
      ...(body ? [requireJson(() => new ReasonError('unsupported_media_type'))] : []),
      ...readBody,
      ...(guard.security.includes('session') ? [session] : []),
      ...readParams,
      ...admit,
    ],
    bodyLimit: '64kb',
    problems: problemCatalogue,
    misfit: misfitReason,
    headers: { 'Cache-Control': 'no-store' },
    checkAnswers: deps.checkAnswers,
  };
}

/** The reason for a method that the path does not support. */
export function methodRefused(allowed: string): ReasonError {
  return new ReasonError('method_not_allowed', `allowed: ${allowed}`);
}
