import { z } from 'zod';
import { Problem } from '../../contracts/problem.ts';
import { type ReasonCode, reasons } from '../../contracts/reasons.ts';
import { noBody } from './answer.ts';
import { problemsOf, type Route } from './route.ts';

type Json = Record<string, unknown>;

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
  const components: Json = {};

  /** JSON Schema of a zod schema; named ones move to the components and are referred to. */
  function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
    const { $schema: _, $defs, ...own } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json;
    const suffix = io === 'input' ? 'Input' : '';
    const rename = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(rename);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value).map(([key, inner]) =>
          key === '$ref' && typeof inner === 'string'
            ? [key, `${inner.replace('#/$defs/', '#/components/schemas/')}${suffixFor(inner)}`]
            : [key, rename(inner)],
        ),
      );
    };
    // A schema that is only ever asked for keeps its name; one that is both asked for and answered has two forms.
    const suffixFor = (ref: string) => (ref.endsWith('Request') ? '' : suffix);
    for (const [name, definition] of Object.entries(($defs ?? {}) as Json)) {
      components[`${name}${suffixFor(name)}`] = rename(definition);
    }
    return rename(own) as Json;
  }

  function parametersOf(schema: z.ZodType | undefined, where: 'path' | 'query' | 'header'): Json[] {
    if (!schema) return [];
    const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
      properties?: Json;
      required?: string[];
    };
    return Object.entries(properties).map(([name, inner]) => ({
      name: where === 'header' ? headerCase(name) : name,
      in: where,
      required: where === 'path' || required.includes(name),
      schema: inner,
    }));
  }

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
          description: codes.map((code) => `\`${code}\`: ${reasons[code].customer}`).join('\n\n'),
          content: { 'application/problem+json': { schema: schemaOf(Problem, 'output') } },
        },
      ]),
    );
  }

  function answersOf(declared: Route): Json {
    const answers: Json = {};
    for (const [status, schema] of Object.entries(declared.answers)) {
      const stream = declared.stream ? { 'text/event-stream': { schema: schemaOf(declared.stream, 'output') } } : {};
      answers[status] =
        schema === noBody
          ? { description: 'Done.' }
          : {
              description: Number(status) < 400 ? 'As asked.' : 'Not now.',
              content: { 'application/json': { schema: schemaOf(schema, 'output') }, ...stream },
            };
    }
    return answers;
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
        ...(body
          ? { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } } }
          : {}),
        // Where a problem shares its status with an answer, the answer's own description stands.
        responses: { ...problemAnswers(declared), ...answersOf(declared) },
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

function headerCase(name: string): string {
  return name.replaceAll(/(^|-)[a-z]/g, (letters) => letters.toUpperCase());
}

/** `get /v1/orders/{id}/payment` is `getOrdersPayment` of one: a stable name for client generators. */
function operationId({ method, path }: Route): string {
  const words = path
    .split('/')
    .filter((part) => part && part !== 'v1')
    .flatMap((part) => (part.startsWith('{') ? ['by', part.slice(1, -1)] : part.split('-')));
  return [method, ...words].map((word, i) => (i === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join('');
}
