import type { ErrorRequestHandler, Request, Response } from 'express';
import type { z } from 'zod';
import type { FieldProblem, Problem } from '../../contracts/problem.ts';
import { type ReasonCode, ReasonError, reasons } from '../../contracts/reasons.ts';
import { isDatabaseAway } from '../../runtime/database-away.ts';
import { textsOf } from '../../texts/texts.ts';
import type { ApiDeps } from '../deps.ts';
import { requestIdOf } from './request-id.ts';

/** A request that does not fit its schemas; the code is `email_invalid` where addresses are all that is wrong. */
export class InvalidRequest extends ReasonError {
  readonly errors: z.infer<typeof FieldProblem>[];

  constructor(issues: readonly z.core.$ZodIssue[], where: 'params' | 'query' | 'headers' | 'body') {
    const onlyEmails = issues.every((issue) => issue.code === 'invalid_format' && issue.format === 'email');
    super(onlyEmails ? 'email_invalid' : 'invalid_request');
    const root = where === 'body' ? [] : [where];
    this.errors = issues.slice(0, 20).map((issue) => ({
      path: [...root, ...issue.path].join('.').slice(0, 200),
      message: issue.message.slice(0, 300),
    }));
  }
}

const { reasons: reasonTexts } = textsOf('en');

/** The problem document of a reason code; `detail` never holds secrets. */
function problemOf(
  code: ReasonCode,
  facts: { requestId: string; base: string; detail?: string | undefined; errors?: z.infer<typeof FieldProblem>[] },
): Problem {
  const { status, retryable } = reasons[code];
  const { customer, next } = reasonTexts[code];
  return {
    type: `${facts.base}/docs/problems#${code}`,
    title: customer,
    status,
    code,
    ...(facts.detail ? { detail: facts.detail } : {}),
    next,
    requestId: facts.requestId,
    retryable,
    ...(facts.errors ? { errors: facts.errors } : {}),
  };
}

/** Writes the problem document of a reason. */
function sendProblem(
  response: Response,
  deps: Pick<ApiDeps, 'config'>,
  facts: {
    code: ReasonCode;
    requestId: string;
    detail?: string | undefined;
    errors?: z.infer<typeof FieldProblem>[] | undefined;
    retryAfterMs?: number | undefined;
  },
): void {
  const { code, requestId, detail, errors, retryAfterMs } = facts;
  const base = deps.config.FREEHOLD_PUBLIC_URL.replace(/\/$/, '');
  const problem = problemOf(code, { requestId, base, detail, ...(errors ? { errors } : {}) });
  if (retryAfterMs !== undefined) response.set('Retry-After', String(Math.ceil(retryAfterMs / 1_000)));
  else if (problem.status === 503) response.set('Retry-After', '5');
  response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}

/** What express and its parsers throw, as reason codes. */
function codeOfHttpError(error: { status?: number; type?: string }): ReasonCode | undefined {
  switch (error.type) {
    case 'entity.too.large':
    case 'parameters.too.many':
      return 'body_too_large';
    case 'entity.parse.failed':
    case 'request.size.invalid':
    case 'entity.verify.failed':
      return 'malformed_body';
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return 'unsupported_media_type';
    default:
      // A path that cannot be decoded names nothing.
      return error.status === 400 ? 'not_found' : undefined;
  }
}

/** The reason code of an error that has none of its own. */
function codeOfError(error: unknown): ReasonCode {
  if (isDatabaseAway(error)) return 'records_unreachable';
  return codeOfHttpError(error as { status?: number; type?: string }) ?? 'internal';
}

/** Turns every error into a problem document; an unknown one is `internal`, and only the log has its text. */
export function problemHandler(deps: ApiDeps): ErrorRequestHandler {
  return (error: unknown, request: Request, response: Response, _next) => {
    const requestId = requestIdOf(response);
    if (response.headersSent) {
      deps.log.error({ err: error, requestId }, 'a request failed after its answer had begun');
      response.destroy();
      return;
    }
    if (request.destroyed && (error as { type?: string }).type === 'request.aborted') return;
    if (error instanceof ReasonError) {
      if (error.code === 'internal') deps.log.error({ err: error, requestId }, 'request failed');
      const { code, detail, retryAfterMs } = error;
      const errors = error instanceof InvalidRequest ? error.errors : undefined;
      sendProblem(response, deps, { code, requestId, detail, errors, retryAfterMs });
      return;
    }
    const code = codeOfError(error);
    if (code === 'internal' || code === 'records_unreachable') {
      deps.log.error({ err: error, requestId }, 'request failed');
    }
    sendProblem(response, deps, { code, requestId });
  };
}
