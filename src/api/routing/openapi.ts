import { Problem } from '../../contracts/problem.ts';
import { type ReasonCode, reasons } from '../../contracts/reasons.ts';
import { createSchemas, type Json, operationId } from '../../routing/document.ts';
import { textsOf } from '../../texts/texts.ts';
import { problemsOf, type Route } from './route.ts';

const { reasons: reasonTexts } = textsOf('en');

const schemes: Record<'session' | 'capability' | 'operator', Json> = {
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: 'freehold_session',
    description: 'Cookie of a signed-in member. Writes also need `X-CSRF-Token` from `GET /v1/me`.',
  },
  capability: { type: 'http', scheme: 'bearer', description: 'The `capability` of one order, for this order alone.' },
  operator: { type: 'http', scheme: 'bearer', description: "The installation's operator token." },
};

/** The OpenAPI 3.1 document of declared routes; their zod schemas are its only source. */
export function openApiDocument(
  routes: readonly Route[],
  facts: { publicUrl: string; version: string },
): Record<string, unknown> {
  const { components, schemaOf, parametersOf, answersOf, bodyOf } = createSchemas();

  function problemAnswers(declared: Route): Json {
    const byStatus = new Map<number, ReasonCode[]>();
    for (const code of problemsOf(declared)) {
      const { status } = reasons[code];
      byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
    }
    return Object.fromEntries(
      [...byStatus].map(([status, codes]) => [
        String(status),
        {
          description: codes.map((code) => `\`${code}\`: ${reasonTexts[code].customer}`).join('\n\n'),
          content: { 'application/problem+json': { schema: schemaOf(Problem, 'output') } },
        },
      ]),
    );
  }

  const paths: Record<string, Json> = {};
  for (const declared of routes) {
    const { method, path, tag, summary, description, guard, body } = declared;
    const security = guard.security.map((name) => ({ [name]: [] }));
    paths[path] = {
      ...paths[path],
      [method]: {
        tags: [tag],
        summary,
        operationId: operationId(declared),
        ...(description ? { description } : {}),
        security: guard.optional ? [{}, ...security] : security,
        parameters: [
          ...parametersOf(declared.params, 'path'),
          ...parametersOf(declared.query, 'query'),
          ...parametersOf(declared.headers, 'header'),
        ],
        ...bodyOf(body),
        // Where a problem shares its status with an answer, the answer's own description stands.
        responses: { ...problemAnswers(declared), ...answersOf(declared.answers, declared.stream) },
      },
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Freehold',
      version: facts.version,
      description:
        'Private servers: quote, order, payment, live events. Money is in minor units. Every error is an RFC 9457 ' +
        'problem document whose `code` programs can rely on.',
    },
    servers: [{ url: facts.publicUrl }],
    paths,
    components: { schemas: components, securitySchemes: schemes },
  };
}
