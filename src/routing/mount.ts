import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import type { z } from 'zod';
import { clientOf } from '../runtime/client-of.ts';
import { streamed } from './answer.ts';
import { type ProblemCatalogue, problemsOf } from './problems.ts';
import { prototypeIssues } from './prototype-issues.ts';
import { requestIdOf } from './request-id.ts';
import type { Route } from './route.ts';

/** A part of a request for which a route may have a schema. */
export type RequestPart = 'params' | 'query' | 'headers' | 'body';

/** The framework's stages before a route's handler; a stage that the route does not need is empty. */
export interface Stages {
  /** Reads a JSON body. */
  readBody: RequestHandler[];
  /** Validates the path parameters. */
  readParams: RequestHandler[];
  /** Runs the guard. */
  admit: RequestHandler[];
}

/** The parts in which the servers differ. */
export interface RouteServer<Facts, Code extends string> {
  /** What guards and handlers of this server know about a request. */
  factsOf(request: Request, response: Response): Facts;
  /**
   * The handlers before a route's own: the framework's stages and the server's (limits, sessions). Their order decides
   * which of several refusals wins, so it is part of the wire contract.
   */
  before(route: Route<Facts, Code>, stages: Stages): RequestHandler[];
  /** Largest JSON body, such as `64kb`; larger ones are refused unread. */
  bodyLimit: string;
  problems: ProblemCatalogue<Code>;
  /**
   * The problem of a request that does not fit the schemas of its route. The issues hold the values as they were sent,
   * secrets among them: only paths and sentences may leave.
   */
  misfit(issues: readonly z.core.$ZodIssue[], part: RequestPart): Error;
  /** Headers of every answer that does not set them itself. */
  headers?: Record<string, string>;
  /**
   * Whether every answer and problem is checked against its declaration; one that does not fit is an internal error.
   */
  checkAnswers: boolean;
}

/** State that the stages of a request pass to later ones. */
interface Progress {
  params?: unknown;
  caller?: unknown;
}

/** Mounts declared routes. */
export function mountRoutes<Facts, Code extends string>(
  app: Express,
  routes: readonly Route<Facts, Code>[],
  server: RouteServer<Facts, Code>,
): void {
  const parseJson = express.json({ limit: server.bodyLimit });
  for (const each of routes) {
    const stages: Stages = {
      readBody: each.body ? [parseJson] : [],
      readParams: each.params ? [readParams(each, server)] : [],
      admit: [admission(each, server)],
    };
    const check = server.checkAnswers ? [checkProblem(each, server.problems)] : [];
    app[each.method](pathOf(each), ...server.before(each, stages), answering(each, server), ...check);
  }
}

/** The path of a route as express writes it. */
function pathOf({ path }: { path: string }): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

/** Refuses, at the paths of mounted routes, every method that they do not support. */
export function refuseOtherMethods(
  app: Express,
  routes: readonly { method: string; path: string }[],
  problem: (allowed: string) => Error,
): void {
  for (const [path, known] of Map.groupBy(routes, pathOf)) {
    app.all(path, refuseMethod([...new Set(known.map(({ method }) => method))], problem));
  }
}

/** Refuses a request with the methods that its path allows. */
export function refuseMethod(known: readonly string[], problem: (allowed: string) => Error): RequestHandler {
  const allowed = known.flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()])).join(', ');
  return (_request, response) => {
    response.set('Allow', allowed);
    throw problem(allowed);
  };
}

function progressOf(response: Response): Progress {
  response.locals.progress ??= {};
  return response.locals.progress as Progress;
}

function readParams<Facts, Code extends string>(
  route: Route<Facts, Code>,
  server: RouteServer<Facts, Code>,
): RequestHandler {
  return (request, response, next) => {
    progressOf(response).params = parse(route.params, request.params, { part: 'params', server });
    next();
  };
}

function admission<Facts, Code extends string>(
  route: Route<Facts, Code>,
  server: RouteServer<Facts, Code>,
): RequestHandler {
  return async (request, response, next) => {
    const params = request.params as Record<string, string>;
    progressOf(response).caller = await route.guard.admit({ ...server.factsOf(request, response), params });
    next();
  };
}

function answering<Facts, Code extends string>(
  route: Route<Facts, Code>,
  server: RouteServer<Facts, Code>,
): RequestHandler {
  return async (request, response) => {
    const { params, caller } = progressOf(response);
    const result = await route.handler({
      ...server.factsOf(request, response),
      params,
      query: parse(route.query, request.query, { part: 'query', server }),
      headers: parse(route.headers, request.headers, { part: 'headers', server }),
      body: parse(route.body, request.body ?? {}, { part: 'body', server }),
      caller,
      requestId: requestIdOf(response),
      ip: clientOf(request.ip),
    });
    if (result === streamed) return;
    const { status, body, headers } = result;
    const text = body === undefined ? undefined : JSON.stringify(body);
    if (server.checkAnswers) checkAnswer(route, status, text);
    for (const [name, value] of Object.entries(server.headers ?? {})) {
      if (!response.get(name)) response.set(name, value);
    }
    response.set(headers ?? {}).status(status);
    if (text === undefined) response.end();
    else response.type('application/json').send(text);
  };
}

function parse<Facts, Code extends string>(
  schema: z.ZodType | undefined,
  value: unknown,
  { part, server }: { part: RequestPart; server: RouteServer<Facts, Code> },
): unknown {
  if (!schema) return undefined;
  const inherited = part === 'body' ? prototypeIssues(value) : [];
  if (inherited.length > 0) throw server.misfit(inherited, part);
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw server.misfit(parsed.error.issues, part);
}

/** Throws when an answer's status is not declared or its body does not fit the declared schema. */
function checkAnswer(route: Route<never, string>, status: number, text: string | undefined): void {
  const schema = route.answers[status];
  const where = `${route.method} ${route.path}`;
  if (!schema) throw new Error(`${where} answered the undeclared status ${status}`);
  const parsed = schema.safeParse(text === undefined ? undefined : JSON.parse(text));
  if (parsed.success) return;
  const misfit = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  throw new Error(`${where} answered ${status} with a body that is not declared: ${misfit}`);
}

/** Passes on the error of a route; an undeclared problem becomes an error that says so. */
function checkProblem<Code extends string>(
  route: Route<never, Code>,
  catalogue: ProblemCatalogue<Code>,
): ErrorRequestHandler {
  const declared = problemsOf(route, catalogue);
  return (error: unknown, _request, _response, next) => {
    const code = catalogue.codeOf(error);
    if (code === undefined || declared.includes(code)) next(error);
    else next(new Error(`${route.method} ${route.path} failed with the undeclared code ${code}`, { cause: error }));
  };
}
