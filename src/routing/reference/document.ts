import type { Json } from '../schemas.ts';

/** The parts of an OpenAPI 3.1 document that its page shows, as `openApiDocument` writes them. */
export interface ApiDocument {
  info: { title: string; version: string; description: string };
  servers: [{ url: string }];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Json>; securitySchemes: Record<string, { description: string }> };
}

interface Operation {
  tags: [string];
  summary: string;
  operationId: string;
  description?: string;
  /** Any one is enough; an empty one admits everybody. */
  security: Record<string, unknown>[];
  parameters: Parameter[];
  requestBody?: { required: boolean; content: Record<string, Content> };
  responses: Record<string, Answer>;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  description?: string;
  schema: Json;
}

interface Content {
  schema: Json;
  example?: unknown;
}

export interface Answer {
  description: string;
  headers?: Record<string, { description?: string; required: boolean; schema: Json }>;
  content?: Record<string, Content>;
}

/** One call: an operation with its address. */
export interface Call extends Operation {
  method: string;
  path: string;
}

/** The calls of a document in its order, by tag. */
export function callsByTag({ paths }: ApiDocument): Map<string, Call[]> {
  const calls = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, ...operation })),
  );
  return Map.groupBy(calls, ({ tags }) => tags[0]);
}

/** The name of the schema that a reference leads to; undefined for a schema that is none. */
export function referredName({ $ref }: Json): string | undefined {
  return typeof $ref === 'string' ? $ref.split('/').at(-1) : undefined;
}
