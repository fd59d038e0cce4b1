import express, { type Express, type RequestHandler } from 'express';
import { misfitOf } from '../../../routing/document.ts';
import type { ServerContext } from '../context.ts';
import { callerOf, parse } from '../http.ts';
import { Refusal } from '../refusal.ts';
import { isLimited, type Route, refusalsOf } from './route.ts';

/** Bodies above this are refused unread (413). */
const parseJson = express.json({ limit: '16kb' });

/** Mounts declared routes. A call is limited, let in and only then read. */
export function mountRoutes(
  app: Express,
  routes: readonly Route[],
  { context, limit }: { context: ServerContext; limit: RequestHandler },
): void {
  for (const each of routes) {
    const path = each.path.replaceAll(/\{(\w+)\}/g, ':$1');
    const before = [
      ...(isLimited(each) ? [limit] : []),
      ...(each.guard.security === null ? [] : [admission(each, context)]),
      ...(each.body ? [parseJson] : []),
    ];
    app[each.method](path, ...before, answering(each, context));
  }
}

function admission(route: Route, context: ServerContext): RequestHandler {
  return async (request, response, next) => {
    response.locals.by = await route.guard.admit(request, context);
    next();
  };
}

function answering(route: Route, context: ServerContext): RequestHandler {
  const { checkAnswers } = context.settings;
  return async (request, response) => {
    const caller = { ...callerOf(request, response), ...(response.locals.by as object | undefined) };
    try {
      const { status, body, headers } = await route.handler({
        params: route.params && parse(route.params, request.params),
        query: route.query && parse(route.query, request.query),
        headers: route.headers && parse(route.headers, request.headers),
        body: route.body && parse(route.body, request.body),
        caller,
        context,
      });
      const text = body === undefined ? undefined : JSON.stringify(body);
      if (checkAnswers) checkAnswer(route, status, text);
      response.set(headers ?? {}).status(status);
      if (text === undefined) response.end();
      else response.type('application/json').send(text);
    } catch (error) {
      throw checkAnswers ? checkRefusal(route, error) : error;
    }
  };
}

/** An answer that its declaration does not allow is a fault of ours, and loud. */
function checkAnswer(route: Route, status: number, text: string | undefined): void {
  const schema = route.answers[status];
  const where = `${route.method} ${route.path}`;
  if (!schema) throw new Error(`${where} answered the undeclared status ${status}`);
  const misfit = misfitOf(schema, text);
  if (misfit !== undefined) throw new Error(`${where} answered ${status} with a body that is not declared: ${misfit}`);
}

/** A refusal that its route does not declare is a fault of ours too. */
function checkRefusal(route: Route, error: unknown): unknown {
  if (!(error instanceof Refusal) || refusalsOf(route).includes(error.code)) return error;
  return new Error(`${route.method} ${route.path} refused with the undeclared code ${error.code}`, { cause: error });
}
