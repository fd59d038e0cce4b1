import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { ReasonCode } from '../../contracts/reasons.ts';
import type { ApiDeps } from '../deps.ts';
import type { Guard } from '../guards/guard.ts';
import type { Answer, AnswerSchemas, streamed } from './answer.ts';

/** What a handler is given: everything parsed, and the caller whom the guard let in. */
export interface RouteInput<Params, Query, Headers, Body, Caller> {
  params: Params;
  query: Query;
  headers: Headers;
  body: Body;
  caller: Caller;
  requestId: string;
  /** Address of the client. */
  ip: string;
  deps: ApiDeps;
  request: Request;
  response: Response;
}

export interface RouteDeclaration<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Headers extends z.ZodType,
  Body extends z.ZodType,
  Schemas extends AnswerSchemas,
  Caller,
  Given extends Answer<Schemas>,
> {
  method: 'get' | 'post';
  /** Path in the way of OpenAPI: `/v1/orders/{id}`. */
  path: string;
  tag: string;
  summary: string;
  description?: string;
  guard: Guard<Caller>;
  params?: Params;
  query?: Query;
  /** Names in lower case. */
  headers?: Headers;
  body?: Body;
  answers: Schemas;
  /** Schema of one event, where the route answers `Accept: text/event-stream` with a stream of them. */
  stream?: z.ZodType;
  /** Reason codes of its own; those of guards, validation and limits come by themselves. */
  problems: readonly ReasonCode[];
  handler(
    input: RouteInput<z.output<Params>, z.output<Query>, z.output<Headers>, z.output<Body>, Caller>,
  ): Promise<Given | typeof streamed>;
}

/** A declared route: what the server mounts and what the document is made of. */
export interface Route
  extends Omit<
    // biome-ignore lint/suspicious/noExplicitAny: the one place where the types of one route's parts are forgotten
    RouteDeclaration<any, any, any, any, AnswerSchemas, any, any>,
    'handler'
  > {
  handler(
    // biome-ignore lint/suspicious/noExplicitAny: as above
    input: RouteInput<any, any, any, any, any>,
  ): Promise<{ status: number; body: unknown; headers?: Record<string, string> } | typeof streamed>;
}

/** Declares a route once: its handler and its part of the OpenAPI document come from this alone. */
export function route<
  Schemas extends AnswerSchemas,
  Caller,
  // Inferred as a constant, so that statuses and enumerated texts stay what they are written as.
  const Given extends Answer<Schemas>,
  Params extends z.ZodType = z.ZodUndefined,
  Query extends z.ZodType = z.ZodUndefined,
  Headers extends z.ZodType = z.ZodUndefined,
  Body extends z.ZodType = z.ZodUndefined,
>(declaration: RouteDeclaration<Params, Query, Headers, Body, Schemas, Caller, Given>): Route {
  return declaration as Route;
}

/** Every reason code with which a route may answer. */
export function problemsOf(declared: Route): ReasonCode[] {
  const codes = new Set<ReasonCode>([
    'too_many_requests',
    'internal',
    'records_unreachable',
    ...declared.guard.problems,
    ...declared.problems,
  ]);
  if (declared.params) codes.add('not_found');
  if (declared.query || declared.headers || declared.body) codes.add('invalid_request');
  if (declared.body) {
    for (const code of ['malformed_body', 'body_too_large', 'unsupported_media_type', 'email_invalid'] as const) {
      codes.add(code);
    }
  }
  return [...codes].sort();
}
