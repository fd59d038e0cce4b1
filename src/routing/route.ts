import type { z } from 'zod';
import type { Answer, AnswerSchemas, streamed } from './answer.ts';

/**
 * Admits a caller or throws the problem. `Facts` is what the server knows about a request (`RouteServer.factsOf`),
 * `Code` the server's problems.
 */
export interface Guard<Caller, Facts, Code extends string> {
  /** Names of security schemes of the OpenAPI document; any one of them is enough. */
  security: readonly string[];
  /** Whether the document says that requests without credentials are admitted too. */
  optional?: boolean;
  /** Headers that the guard itself reads, for the document. */
  headers?: z.ZodType;
  problems: readonly Code[];
  admit(facts: Facts & RequestParams): Caller | Promise<Caller>;
}

/** The parts of a request's path, not yet held against their schema. */
export interface RequestParams {
  params: Record<string, string>;
}

/** A handler's input besides the server's facts: the parsed request and the caller admitted by the guard. */
export interface RouteInput<Params, Query, Headers, Body, Caller> {
  params: Params;
  query: Query;
  headers: Headers;
  body: Body;
  caller: Caller;
  requestId: string;
  /** The client that limits count: its address, of IPv6 the network (`clientOf`). */
  ip: string;
}

export interface RouteDeclaration<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Headers extends z.ZodType,
  Body extends z.ZodType,
  Schemas extends AnswerSchemas,
  Caller,
  Facts,
  Code extends string,
  Given extends Answer<Schemas>,
> {
  method: 'get' | 'put' | 'post' | 'delete';
  /** Path in OpenAPI syntax: `/v1/orders/{id}`. */
  path: string;
  tag: string;
  summary: string;
  description?: string;
  guard: Guard<Caller, Facts, Code>;
  params?: Params;
  query?: Query;
  /** Names in lower case. */
  headers?: Headers;
  /** JSON, as large as the server allows. */
  body?: Body;
  answers: Schemas;
  /** By status: headers that an answer carries besides those of every answer; names in lower case. */
  answerHeaders?: { [Status in keyof Schemas]?: z.ZodObject };
  /** Schema of one event, where the route answers `Accept: text/event-stream` with a stream of them. */
  stream?: z.ZodType;
  /** Problems of its own; those of guard, validation, limits and outages are added automatically. */
  problems: readonly NoInfer<Code>[];
  handler(
    input: Facts & RouteInput<z.output<Params>, z.output<Query>, z.output<Headers>, z.output<Body>, Caller>,
  ): Promise<Given | typeof streamed>;
}

/** A declared route, which a server mounts and documents in OpenAPI. */
export interface Route<Facts, Code extends string>
  extends Omit<
    // biome-ignore lint/suspicious/noExplicitAny: the one place where the types of one route's parts are forgotten
    RouteDeclaration<any, any, any, any, AnswerSchemas, any, Facts, Code, any>,
    'handler'
  > {
  handler(
    // biome-ignore lint/suspicious/noExplicitAny: as above
    input: Facts & RouteInput<any, any, any, any, any>,
  ): Promise<{ status: number; body: unknown; headers?: Record<string, string> } | typeof streamed>;
}

/** Declares a route once, for its handler and for the OpenAPI document. */
export function route<
  Schemas extends AnswerSchemas,
  Caller,
  Facts,
  Code extends string,
  // Inferred as constants, so that statuses and enumerated texts keep their literal types.
  const Given extends Answer<Schemas>,
  Params extends z.ZodType = z.ZodUndefined,
  Query extends z.ZodType = z.ZodUndefined,
  Headers extends z.ZodType = z.ZodUndefined,
  Body extends z.ZodType = z.ZodUndefined,
>(
  declaration: RouteDeclaration<Params, Query, Headers, Body, Schemas, Caller, Facts, Code, Given>,
): Route<Facts, Code> {
  return declaration as Route<Facts, Code>;
}
