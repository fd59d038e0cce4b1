import type { ErrorRequestHandler, Request, Response } from 'express';
import type { z } from 'zod';
import type { Log } from '../runtime/log.ts';
import type { Route } from './route.ts';

/** The problems that one server answers with: what its routes declare is held against this. */
export interface ProblemCatalogue<Code extends string> {
  /** Schema of a problem document's body. */
  schema: z.ZodType;
  /** Codes with which a route may answer beside its own and its guard's: validation, limits, outages. */
  implied(route: Route<never, Code>): readonly Code[];
  statusOf(code: Code): number;
  /** What the OpenAPI document says of a code, in Markdown. */
  sentenceOf(code: Code): string;
  /** The code of an error that was thrown as a problem; undefined for any other error. */
  codeOf(error: unknown): Code | undefined;
}

/** Every code with which a route may answer, sorted. */
export function problemsOf<Code extends string>(route: Route<never, Code>, catalogue: ProblemCatalogue<Code>): Code[] {
  return [...new Set([...catalogue.implied(route), ...route.guard.problems, ...route.problems])].sort();
}

/** A problem as it is answered. */
export interface ProblemAnswer {
  status: number;
  headers?: Record<string, string>;
  /** The problem document. */
  body: { code: string };
  /** Whether the log has a line about it: `error` with the error itself, `info` with the code alone. */
  log?: 'error' | 'info';
}

export interface ProblemOptions {
  /** What is answered to anything that was thrown; an error that nobody expected shows nothing of itself. */
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

/** What a caller named, as it may stand in a log or an answer: nothing long enough to be a key, a secret or a token. */
export function shownPart(name: string): string {
  return name.replaceAll(/[^/]{25,}/g, '…').slice(0, 200);
}
