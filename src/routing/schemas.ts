import { z } from 'zod';
import { type AnswerSchemas, noBody } from './answer.ts';

/** The parts of an OpenAPI 3.1 document that come from zod schemas. */

export type Json = Record<string, unknown>;

/** The answers of a route, as it declares them. */
interface DeclaredAnswers {
  answers: AnswerSchemas;
  answerHeaders?: Record<number, z.ZodType | undefined>;
  stream?: z.ZodType;
}

/** Collects the named schemas of one document. */
export function createSchemas() {
  const components: Json = {};

  /** JSON Schema of a zod schema; named schemas move to the components and are referenced. */
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
    // A schema used only for requests keeps its name; one used for requests and responses has two forms.
    const suffixFor = (ref: string) => (ref.endsWith('Request') ? '' : suffix);
    for (const [name, definition] of Object.entries(($defs ?? {}) as Json)) {
      components[`${name}${suffixFor(name)}`] = rename(definition);
    }
    return rename(own) as Json;
  }

  /** The headers that an answer carries besides those of every answer. */
  function headersOf(schema: z.ZodType | undefined): Json {
    if (!schema) return {};
    const { properties = {}, required = [] } = schemaOf(schema, 'output') as {
      properties?: Record<string, Json>;
      required?: string[];
    };
    const headers = Object.entries(properties).map(([name, { description, ...inner }]) => [
      headerCase(name),
      { ...(description ? { description } : {}), required: required.includes(name), schema: inner },
    ]);
    return { headers: Object.fromEntries(headers) };
  }

  return {
    components,
    schemaOf,
    headersOf,
    parametersOf(schema: z.ZodType | undefined, where: 'path' | 'query' | 'header'): Json[] {
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
    },
    /** The declared answers, with the events of a stream if there is one. */
    answersOf({ answers: schemas, answerHeaders, stream }: DeclaredAnswers): Json {
      const answers: Json = {};
      for (const [status, schema] of Object.entries(schemas)) {
        const headers = headersOf(answerHeaders?.[Number(status)]);
        const events = stream ? { 'text/event-stream': { schema: schemaOf(stream, 'output') } } : {};
        answers[status] =
          schema === noBody
            ? { description: 'Done.', ...headers }
            : {
                description: Number(status) < 400 ? 'As asked.' : 'Not now.',
                ...headers,
                content: { 'application/json': { schema: schemaOf(schema, 'output') }, ...events },
              };
      }
      return answers;
    },
    /** A body in which every field may be left out may itself be left out. */
    bodyOf(schema: z.ZodType | undefined): Json {
      if (!schema) return {};
      const required = !schema.safeParse({}).success;
      return { requestBody: { required, content: { 'application/json': { schema: schemaOf(schema, 'input') } } } };
    },
  };
}

function headerCase(name: string): string {
  return name.replaceAll(/(^|-)[a-z]/g, (letters) => letters.toUpperCase());
}
