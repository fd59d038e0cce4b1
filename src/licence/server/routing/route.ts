import type { z } from 'zod';
import type { Answer, AnswerSchemas } from '../../../routing/answer.ts';
import type { LicenceCode } from '../../protocol/codes.ts';
import type { Caller, ServerContext } from '../context.ts';
import type { Guard } from '../guards/guard.ts';

/** What a handler is given: everything parsed, and who calls. */
export interface RouteInput<Params, Query, Headers, Body, By> {
  params: Params;
  query: Query;
  headers: Headers;
  body: Body;
  caller: Caller & By;
  context: ServerContext;
}

export interface RouteDeclaration<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Headers extends z.ZodType,
  Body extends z.ZodType,
  Schemas extends AnswerSchemas,
  By,
  Given extends Answer<Schemas>,
> {
  method: 'get' | 'put' | 'post' | 'delete';
  /** Path in the way of OpenAPI: `/v1/instances/{id}/check`. */
  path: string;
  tag: string;
  summary: string;
  description?: string;
  guard: Guard<By>;
  params?: Params;
  query?: Query;
  /** Names in lower case. */
  headers?: Headers;
  /** Bodies are JSON of at most 16 kB. */
  body?: Body;
  answers: Schemas;
  /** Codes of its own; those of guard, parsing, limits and outages come by themselves. */
  refusals: readonly LicenceCode[];
  handler(input: RouteInput<z.output<Params>, z.output<Query>, z.output<Headers>, z.output<Body>, By>): Promise<Given>;
}

/** A declared route: what the server mounts and what the OpenAPI document is made of. */
export interface Route
  extends Omit<
    // biome-ignore lint/suspicious/noExplicitAny: the one place where the types of one route's parts are forgotten
    RouteDeclaration<any, any, any, any, AnswerSchemas, any, any>,
    'handler'
  > {
  handler(
    // biome-ignore lint/suspicious/noExplicitAny: as above
    input: RouteInput<any, any, any, any, any>,
  ): Promise<{ status: number; body: unknown; headers?: Record<string, string> }>;
}

/** Declares a route once: its handler and its part of the OpenAPI document come from this alone. */
export function route<
  Schemas extends AnswerSchemas,
  By extends object,
  // Inferred as a constant, so that statuses and enumerated texts stay what they are written as.
  const Given extends Answer<Schemas>,
  Params extends z.ZodType = z.ZodUndefined,
  Query extends z.ZodType = z.ZodUndefined,
  Headers extends z.ZodType = z.ZodUndefined,
  Body extends z.ZodType = z.ZodUndefined,
>(declaration: RouteDeclaration<Params, Query, Headers, Body, Schemas, By, Given>): Route {
  return declaration as Route;
}

/** Whether calls of this route count for the limit of requests per address: all but the control plane's and health. */
export function isLimited({ path, guard }: Route): boolean {
  return path.startsWith('/v1/') && guard.security !== 'admin';
}

/** Every code with which a route may answer. */
export function refusalsOf(declared: Route): LicenceCode[] {
  const { params, query, headers, body, guard, refusals } = declared;
  const codes = new Set<LicenceCode>([
    'GENERAL_SERVER_ERROR',
    'SERVICE_UNAVAILABLE',
    ...guard.refusals,
    ...(params || query || headers || body ? (['INVALID_LICENSE_CHECK_REQUEST'] as const) : []),
    ...(body ? (['BODY_TOO_LARGE'] as const) : []),
    ...(isLimited(declared) ? (['RATE_LIMITED'] as const) : []),
    ...refusals,
  ]);
  return [...codes].sort();
}
