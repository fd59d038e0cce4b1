import type { Json } from '../routing/schemas.ts';
import { textsOf } from '../texts/texts.ts';
import { fieldExamples } from './field-examples.ts';

const texts: Readonly<Record<string, unknown>> = textsOf('en').apiFields;

/** Marks a field whose example is its own, not that of its name; not part of the document. */
const ownExample = Symbol('own example');

/** Where a schema is in the document: the schema that has a name, and the names from there to it. */
interface Place {
  schema: string;
  names: readonly string[];
}

/**
 * Describes every schema, field and parameter of the API's document, each with an example where its values are free.
 * The most exact entry counts: that of the field in its schema, of the field in the one around it, of its name.
 */
export function describeFields(document: Json): Json {
  const { components, paths, ...rest } = document as {
    components: { schemas: Record<string, Json> };
    paths: Record<string, Record<string, Json>>;
  };
  const schemas = Object.entries(components.schemas).map(([schema, definition]) => {
    return [schema, { ...described(definition, { schema, names: [] }), ...textOf([schema]) }];
  });
  const named = Object.fromEntries(schemas) as Record<string, Json>;
  const operations = Object.entries(paths).map(([path, methods]) => [
    path,
    mapValues(methods, (each) => withBody(withFields(each, path), named)),
  ]);
  return {
    ...rest,
    paths: Object.fromEntries(operations),
    components: { ...components, schemas: named },
  };
}

function withFields(operation: Json, path: string): Json {
  const { parameters = [], responses = {} } = operation as { parameters?: Json[]; responses?: Record<string, Json> };
  const schema = path.split('/').findLast((part) => part !== '' && !part.startsWith('{')) ?? '';
  const content = (answer: Json) => {
    const { content: types } = answer as { content?: Record<string, Json> };
    const describe = (type: Json) => ({ ...type, schema: described(type.schema as Json, { schema, names: [] }) });
    return types ? { ...answer, content: mapValues(types, describe) } : answer;
  };
  return {
    ...operation,
    parameters: parameters.map((parameter) => {
      const keys = [`${parameter.in}.${parameter.name}`];
      const { schema: own } = parameter as { schema: Json };
      return { ...parameter, schema: { ...own, ...exampleOf(keys, own) }, ...textOf(keys) };
    }),
    responses: mapValues(responses, content),
  };
}

/** Adds an example of the request's body: what it needs, and what has an example of its own. */
function withBody(operation: Json, schemas: Record<string, Json>): Json {
  const { requestBody } = operation as { requestBody?: { content: Record<string, { schema: Json }> } };
  if (!requestBody) return operation;
  const content = mapValues(requestBody.content, (type) => {
    return { ...type, example: exampleOfSchema(type.schema, schemas) };
  });
  return { ...operation, requestBody: { ...requestBody, content } };
}

function exampleOfSchema(schema: Json, schemas: Record<string, Json>): unknown {
  const { $ref, examples, enum: values, type, default: usual, properties, required = [], items } = schema;
  if ($ref) {
    const name = String($ref).split('/').at(-1)!;
    return exampleOfSchema(schemas[name]!, schemas);
  }
  if (examples) return (examples as unknown[])[0];
  if (usual !== undefined) return usual;
  if (values) return (values as unknown[])[0];
  if (type === 'boolean') return false;
  if (type === 'array') return [exampleOfSchema(items as Json, schemas)];
  const all = Object.entries((properties ?? {}) as Record<string, Json>);
  const shown = all.filter(
    ([name, field]) => (required as string[]).includes(name) || (field as { [ownExample]?: true })[ownExample],
  );
  return Object.fromEntries(shown.map(([name, field]) => [name, exampleOfSchema(field, schemas)]));
}

/** A schema with descriptions of everything in it. */
function described(schema: Json, place: Place): Json {
  const { properties, items, additionalProperties, ...own } = schema;
  const isPage = properties && 'items' in (properties as Json) && 'next' in (properties as Json);
  const here = isPage ? { ...place, schema: 'page' } : place;
  return {
    ...own,
    ...(properties ? { properties: fields(properties as Record<string, Json>, here) } : {}),
    ...inner({ items, additionalProperties }, here),
    ...branches(own, here),
  };
}

function fields(properties: Record<string, Json>, { schema, names }: Place): Json {
  return Object.fromEntries(
    Object.entries(properties).map(([name, field]) => {
      const place = { schema, names: [...names, name] };
      const keys = [[schema, ...place.names].join('.'), [names.at(-1) ?? schema, name].join('.'), name];
      return [name, { ...described(field, place), ...textOf(keys), ...exampleOf(keys, field) }];
    }),
  );
}

function inner(schemas: Json, place: Place): Json {
  const given = Object.entries(schemas).filter(([, each]) => each !== undefined);
  return Object.fromEntries(
    given.map(([key, each]) => [key, typeof each === 'object' ? described(each as Json, place) : each]),
  );
}

function branches(own: Json, place: Place): Json {
  const all = (['anyOf', 'oneOf', 'allOf'] as const).flatMap((key) => {
    const schemas = own[key] as Json[] | undefined;
    return schemas ? [[key, schemas.map((each) => described(each, place))]] : [];
  });
  return Object.fromEntries(all);
}

function textOf(keys: readonly string[]): Json {
  const key = keys.find((each) => Object.hasOwn(texts, each));
  return key === undefined ? {} : { description: texts[key] };
}

/** An example for a field whose values are free, and for a list or record that has one. */
function exampleOf(keys: readonly string[], schema: Json): Json & { [ownExample]?: true } {
  if (!isFree(schema) && schema.type !== 'array' && schema.type !== 'object') return {};
  const key = keys.find((each) => Object.hasOwn(fieldExamples, each));
  const example = exampleByForm(schema) ?? (key === undefined ? undefined : fieldExamples[key]);
  if (example === undefined) return {};
  return { examples: [example], ...(key === keys[0] ? { [ownExample]: true } : {}) };
}

/** Whether a field takes any text or number of a kind, so that its values cannot be guessed from the document. */
export function isFree({ type, enum: values, const: constant, anyOf }: Json): boolean {
  if (anyOf) return (anyOf as Json[]).some(isFree);
  const types = [type].flat();
  const isScalar = types.includes('string') || types.includes('number') || types.includes('integer');
  return isScalar && values === undefined && constant === undefined;
}

function exampleByForm({ pattern, format }: Json): string | undefined {
  const prefix = /^\^([a-z]+_?)\[0-9a-hjkmnp-tv-z\]\{16\}\$$/.exec(String(pattern))?.[1];
  if (prefix) return `${prefix}0123456789abcdef`;
  if (format === 'date-time') return '2027-01-31T12:00:00.000Z';
  return format === 'email' ? 'ada@example.com' : undefined;
}

function mapValues<Value, Result>(
  record: Record<string, Value>,
  change: (value: Value) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
