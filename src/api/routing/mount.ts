import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import type { z } from 'zod';
import { ReasonError } from '../../contracts/reasons.ts';
import { misfitOf } from '../../routing/document.ts';
import type { ApiDeps } from '../deps.ts';
import { findSession, requireCsrf } from '../guards/session.ts';
import { streamed } from './answer.ts';
import { InvalidRequest } from './problems.ts';
import { requestIdOf } from './request-id.ts';
import { problemsOf, type Route } from './route.ts';

/** Largest body of a JSON request. */
const bodyLimit = '64kb';
const parseJson = express.json({ limit: bodyLimit, strict: true, type: 'application/json' });

/** Mounts declared routes; other methods on their paths answer 405. */
export function mountRoutes(
  app: Express,
  routes: readonly Route[],
  deps: ApiDeps,
  limitAccount: (accountId: string, request: Request, response: Response) => Promise<void>,
): void {
  const methods = new Map<string, Set<string>>();
  for (const each of routes) {
    const path = each.path.replaceAll(/\{(\w+)\}/g, ':$1');
    methods.set(path, (methods.get(path) ?? new Set()).add(each.method));
    app[each.method](path, ...(each.body ? [requireJson, parseJson] : []), async (request, response) => {
      try {
        await answer(each, request, response, deps, limitAccount);
      } catch (error) {
        throw deps.checkAnswers ? checkProblem(each, error) : error;
      }
    });
  }
  for (const [path, known] of methods) app.all(path, refuseMethod([...known]));
}

/** Answers 405 with what the path allows. */
export function refuseMethod(known: readonly string[]): RequestHandler {
  const allowed = known.flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]));
  return (_request, response) => {
    response.set('Allow', allowed.join(', '));
    throw new ReasonError('method_not_allowed', `allowed: ${allowed.join(', ')}`);
  };
}

const requireJson: RequestHandler = (request, _response, next) => {
  const hasBody = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length']) > 0;
  if (hasBody && !request.is('application/json')) throw new ReasonError('unsupported_media_type');
  next();
};

async function answer(
  route: Route,
  request: Request,
  response: Response,
  deps: ApiDeps,
  limitAccount: (accountId: string, request: Request, response: Response) => Promise<void>,
): Promise<void> {
  const session = route.guard.security.includes('session') ? await findSession(request, deps) : null;
  if (session) {
    await limitAccount(session.account._id, request, response);
    // No other site can send an Authorization header without our leave, so it proves as much as the token.
    if (request.method === 'POST' && !request.get('authorization')) requireCsrf(request, session);
  }
  const params = parse(route.params, request.params, 'params');
  const caller = await route.guard.admit({
    request,
    params: request.params as Record<string, string>,
    session,
    deps,
  });
  const result = await route.handler({
    params,
    query: parse(route.query, request.query, 'query'),
    headers: parse(route.headers, request.headers, 'headers'),
    body: parse(route.body, request.body ?? {}, 'body'),
    caller,
    requestId: requestIdOf(response),
    ip: request.ip ?? '',
    deps,
    request,
    response,
  });
  if (result === streamed) return;
  const { status, body, headers } = result;
  const text = body === undefined ? undefined : JSON.stringify(body);
  if (deps.checkAnswers) checkAnswer(route, status, text);
  if (!response.get('Cache-Control')) response.set('Cache-Control', 'no-store');
  response.set(headers ?? {}).status(status);
  if (text === undefined) response.end();
  else response.type('application/json').send(text);
}

function parse(schema: z.ZodType | undefined, value: unknown, where: 'params' | 'query' | 'headers' | 'body'): unknown {
  if (!schema) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  // An id that no record can have names nothing.
  if (where === 'params') throw new ReasonError('not_found');
  throw new InvalidRequest(parsed.error.issues, where);
}

/** An answer that its declaration does not allow is a fault of ours, and loud. */
function checkAnswer(route: Route, status: number, text: string | undefined): void {
  const schema = route.answers[status];
  const where = `${route.method} ${route.path}`;
  if (!schema) throw new Error(`${where} answered the undeclared status ${status}`);
  const misfit = misfitOf(schema, text);
  if (misfit !== undefined) throw new Error(`${where} answered ${status} with a body that is not declared: ${misfit}`);
}

/** A problem that its route does not declare is a fault of ours too. */
function checkProblem(route: Route, error: unknown): unknown {
  if (!(error instanceof ReasonError) || problemsOf(route).includes(error.code)) return error;
  return new Error(`${route.method} ${route.path} failed with the undeclared reason ${error.code}`, { cause: error });
}
