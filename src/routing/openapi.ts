import { z } from 'zod';
import type { ProblemCatalogue } from './problems.ts';
import { problemsOf } from './problems.ts';
import type { Route } from './route.ts';
import { createSchemas, type Json } from './schemas.ts';

/** The facts of one server in its document. */
export interface DocumentFacts<Code extends string> {
  title: string;
  version: string;
  description: string;
  /** Address of the server, or one relative to where the document was read. */
  url: string;
  /** The security schemes that guards name. */
  schemes: Record<string, Json>;
  problems: ProblemCatalogue<Code>;
}

const retryAfter = z.object({
  'retry-after': z.int().positive().optional().describe('After how many seconds the call may be repeated.'),
});

/** The OpenAPI 3.1 document of declared routes; their zod schemas are its only source. */
export function openApiDocument<Facts, Code extends string>(
  routes: readonly Route<Facts, Code>[],
  { title, version, description, url, schemes, problems }: DocumentFacts<Code>,
): Json {
  const { components, schemaOf, parametersOf, answersOf, headersOf, bodyOf } = createSchemas();

  function problemAnswers(declared: Route<Facts, Code>): Json {
    const byStatus = Map.groupBy(problemsOf(declared, problems), (code) => problems.statusOf(code));
    return Object.fromEntries(
      [...byStatus].map(([status, codes]) => [
        String(status),
        {
          description: codes.map((code) => problems.sentenceOf(code)).join('\n\n'),
          ...(codes.some((code) => problems.saysWhen(code)) ? headersOf(retryAfter) : {}),
          content: { 'application/problem+json': { schema: schemaOf(problems.schema, 'output') } },
        },
      ]),
    );
  }

  const paths: Record<string, Json> = {};
  for (const declared of routes) {
    const { method, path, tag, summary, guard } = declared;
    const security = guard.security.map((name) => ({ [name]: [] }));
    paths[path] = {
      ...paths[path],
      [method]: {
        tags: [tag],
        summary,
        operationId: operationId(declared),
        ...(declared.description ? { description: declared.description } : {}),
        security: guard.optional ? [{}, ...security] : security,
        parameters: [
          ...parametersOf(declared.params, 'path'),
          ...parametersOf(declared.query, 'query'),
          ...parametersOf(declared.headers, 'header'),
          ...parametersOf(guard.headers, 'header'),
        ],
        ...bodyOf(declared.body),
        // Where a problem and an answer share a status, the answer's description is used.
        responses: { ...problemAnswers(declared), ...answersOf(declared) },
      },
    };
  }
  return {
    openapi: '3.1.0',
    info: { title, version, description },
    servers: [{ url }],
    paths,
    components: { schemas: components, securitySchemes: schemes },
  };
}

/** `get /v1/orders/{id}/payment` is `getOrdersByIdPayment`: a stable name for client generators. */
function operationId({ method, path }: { method: string; path: string }): string {
  const words = path
    .split('/')
    .filter((part) => part && part !== 'v1')
    .flatMap((part) => (part.startsWith('{') ? ['by', part.slice(1, -1)] : part.split(/[-.]/)))
    .filter((word) => word !== '');
  return [method, ...words].map((word, i) => (i === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join('');
}
