import type { ErrorRequestHandler, Request, Response } from 'express';
import type { z } from 'zod';
import type { Log } from '../runtime/log.ts';
import type { Route } from './route.ts';

/** The problems of one server, against which its routes' declarations are checked. */
export interface ProblemCatalogue<Code extends string> {
  /** Schema of a problem document's body. */
  schema: z.ZodType;
  /** Codes that a route may answer in addition to its own and its guard's: validation, limits, outages. */
  implied(route: Route<never, Code>): readonly Code[];
  statusOf(code: Code): number;
  /** Description of a code in the OpenAPI document, Markdown. */
  sentenceOf(code: Code): string;
  /** Whether an answer with this code says in `Retry-After` when the call may be repeated. */
  saysWhen(code: Code): boolean;
  /** The code of an error that was thrown as a problem; undefined for any other error. */
  codeOf(error: unknown): Code | undefined;
}

/** Every code with which a route may answer, sorted. */
export function problemsOf<Code extends string>(route: Route<never, Code>, catalogue: ProblemCatalogue<Code>): Code[] {
  return [...new Set([...catalogue.implied(route), ...route.guard.problems, ...route.problems])].sort();
}

/** The response of a problem. */
export interface ProblemAnswer {
  status: number;
  headers?: Record<string, string>;
  /** The problem document. */
  body: { code: string };
  /** Whether it is logged: `error` with the error itself, `info` with the code alone. */
  log?: 'error' | 'info';
}

export interface ProblemOptions {
  /** The response to a thrown value; an unexpected error reveals nothing about itself. */
  problemOf(error: unknown, requestId: string): ProblemAnswer;
  requestIdOf(request: Request, response: Response): string;
  log: Log;
}

/** Turns every error into a problem document. */
export function problemHandler({ problemOf, requestIdOf, log }: ProblemOptions): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const requestId = requestIdOf(request, response);
    const about = { requestId, method: request.method, path: shownPart(request.path) };
    if (response.headersSent) {
      log.error({ err: error, ...about }, 'a request failed after its answer had begun');
      response.destroy();
      return;
    }
    if (request.destroyed && (error as { type?: string }).type === 'request.aborted') return;
    const problem = problemOf(error, requestId);
    if (problem.log === 'error') log.error({ err: error, ...about }, 'request failed');
    if (problem.log === 'info') log.info({ ...about, code: problem.body.code }, 'refused');
    response
      .set(problem.headers ?? {})
      .status(problem.status)
      .type('application/problem+json')
      .send(JSON.stringify(problem.body));
  };
}

/** Shortens a name sent by a caller for logs and answers, so that it cannot be a whole key, secret or token. */
export function shownPart(name: string): string {
  return name.replaceAll(/[^/]{25,}/g, '…').slice(0, 200);
}
