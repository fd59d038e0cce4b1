import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { type ZodType, z } from 'zod';
import { isDatabaseAway } from '../../runtime/database-away.ts';
import type { Caller, ServerContext } from './context.ts';
import { newRequestId } from './ids.ts';
import { problemOf, Refusal } from './refusal.ts';

/** Parses the value; throws INVALID_LICENSE_CHECK_REQUEST, which names the fields, never values. */
export function parse<T>(schema: ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues
    .slice(0, 5)
    .map(({ path, code }) => `${path.map((name) => shown(String(name))).join('.') || 'body'} (${code})`);
  throw new Refusal('INVALID_LICENSE_CHECK_REQUEST', `Invalid: ${fields.join(', ')}.`);
}

const withRequestId = z.object({ requestId: z.string().regex(/^[\w-]{8,64}$/) });

/** The caller of a request: its id is the check's own requestId if the body has one, otherwise a new one. */
export function callerOf(request: Request, response: Response): Caller {
  const named = withRequestId.safeParse(request.body);
  const requestId = named.success ? named.data.requestId : (response.locals.requestId as string);
  return { requestId, address: request.ip ?? 'unknown' };
}

/** Gives every request an id, answered as header `Request-Id`. */
export const nameRequest: RequestHandler = (_request, response, next) => {
  response.locals.requestId = newRequestId();
  response.set('Request-Id', response.locals.requestId as string);
  next();
};

function sendProblem(response: Response, refusal: Refusal, requestId: string): void {
  const { retryAfterSec, limit } = refusal;
  if (retryAfterSec !== undefined) response.set('Retry-After', String(retryAfterSec));
  if (limit !== undefined) {
    // Replaces the headers of the per-address limit: this is the limit that was reached.
    response.set('RateLimit-Policy', `${limit.most};w=${limit.windowSec}`);
    response.set('RateLimit', `limit=${limit.most}, remaining=0, reset=${retryAfterSec ?? limit.windowSec}`);
  }
  response
    .status(refusal.status)
    .type('application/problem+json')
    .send(JSON.stringify(problemOf(refusal, requestId)));
}

export const unknownCall: RequestHandler = () => {
  throw new Refusal('NO_SUCH_CALL');
};

/** Turns any error into a problem body; errors other than refusals are logged and never shown. */
export function problemHandler(context: ServerContext): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const { requestId } = callerOf(request, response);
    const refusal = refusalOf(error);
    const about = { requestId, method: request.method, path: shown(request.path) };
    if (refusal.status >= 500) context.log.error({ err: error, ...about }, 'request failed');
    else context.log.info({ ...about, refusal: refusal.code }, 'refused');
    sendProblem(response, refusal, requestId);
  };
}

/** A caller-supplied name as it may appear in a log or an answer: too short to be a key, a secret or a token. */
function shown(name: string): string {
  return name.replaceAll(/[^/]{25,}/g, '…').slice(0, 200);
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const { type, status } = error as { type?: string; status?: number };
  if (type === 'entity.too.large') return new Refusal('BODY_TOO_LARGE');
  if (status !== undefined && status >= 400 && status < 500) {
    return new Refusal('INVALID_LICENSE_CHECK_REQUEST', 'The request could not be read.');
  }
  if (isDatabaseAway(error)) {
    return new Refusal('SERVICE_UNAVAILABLE', 'The database does not answer.', { retryAfterSec: 5 });
  }
  return new Refusal('GENERAL_SERVER_ERROR');
}
