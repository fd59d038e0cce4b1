import type { Json } from '../schemas.ts';
import { referredName } from './document.ts';

/** A field of a JSON schema, with the names of the fields that it is in: `billing.address.city`, `items[].id`. */
export interface Field {
  name: string;
  required: boolean;
  /** Without the branch for null. */
  schema: Json;
  nullable: boolean;
}

/** The fields of an object, those of the objects and lists in it included. A referred schema is not entered. */
function fieldsOf(schema: Json, prefix = ''): Field[] {
  const { properties = {}, required = [] } = schema as { properties?: Record<string, Json>; required?: string[] };
  return Object.entries(properties).flatMap(([name, own]) => {
    const field = { name: `${prefix}${name}`, required: required.includes(name), ...withoutNull(own) };
    return [field, ...fieldsWithin(field)];
  });
}

function fieldsWithin({ name, schema }: Pick<Field, 'name' | 'schema'>): Field[] {
  if (schema.properties) return fieldsOf(schema, `${name}.`);
  if (isSchema(schema.items)) return fieldsWithin({ name: `${name}[]`, schema: withoutNull(schema.items).schema });
  const { additionalProperties: values } = schema;
  return isSchema(values) ? fieldsWithin({ name: `${name}.*`, schema: withoutNull(values).schema }) : [];
}

/** A body as its fields: those of an object, or of the entries of a list. */
export function fieldsOfBody(schema: Json): Field[] {
  return schema.properties ? fieldsOf(schema) : fieldsWithin({ name: '', schema });
}

/** The forms of a schema that has several, each an object; otherwise none. */
export function formsOf({ oneOf, anyOf }: Json): Json[] {
  const forms = ((oneOf ?? anyOf ?? []) as Json[]).filter(({ properties }) => properties);
  return forms.length > 1 ? forms : [];
}

/** The fields of which a body has exactly one, where its schema says so. */
export function exclusiveFields({ oneOf }: Json): string[] {
  const conditions = ((oneOf ?? []) as Json[]).filter(({ required, properties }) => required && !properties);
  return conditions.map(({ required }) => (required as string[]).join(' + '));
}

/** A schema without its branch for null, and whether it had one. */
export function withoutNull(schema: Json): { schema: Json; nullable: boolean } {
  const { type, anyOf, ...rest } = schema;
  if (Array.isArray(type)) {
    const others = type.filter((each) => each !== 'null');
    return { schema: { ...schema, type: others[0] }, nullable: others.length < type.length };
  }
  if (!Array.isArray(anyOf)) return { schema, nullable: false };
  const branches = (anyOf as Json[]).filter((branch) => branch.type !== 'null');
  const nullable = branches.length < anyOf.length;
  return { schema: branches.length === 1 ? { ...branches[0], ...rest } : { ...rest, anyOf: branches }, nullable };
}

/** A value of a schema for an example of a request: the first that the schema names, else a name in capitals. */
export function exampleOf(schema: Json, { name, schemas }: { name: string; schemas: Record<string, Json> }): unknown {
  const referred = schemas[referredName(schema) ?? ''];
  if (referred) return exampleOf(referred, { name, schemas });
  const { examples, example, const: constant, default: usual, enum: values, ...own } = withoutNull(schema).schema;
  const named = [...((examples ?? []) as unknown[]), example, constant, usual, ...((values ?? []) as unknown[])];
  const first = named.find((each) => each !== undefined && each !== '');
  if (first !== undefined) return first;
  const [form = own] = [...formsOf(own), ...((own.anyOf ?? []) as Json[]).filter(({ const: text }) => text !== '')];
  if (form !== own) return exampleOf(form, { name, schemas });
  if (own.type === 'boolean') return false;
  if (own.type === 'integer' || own.type === 'number') return Math.max(1, Number(own.minimum ?? 1));
  if (own.type === 'array') return [exampleOf(own.items as Json, { name, schemas })];
  if (own.type !== 'object') return placeholder(name);
  const wanted = new Set([...((own.required ?? []) as string[]), ...exclusiveFields(own).slice(0, 1)]);
  const fields = Object.entries((own.properties ?? {}) as Record<string, Json>).filter(([field]) => wanted.has(field));
  return Object.fromEntries(fields.map(([field, inner]) => [field, exampleOf(inner, { name: field, schemas })]));
}

/** `activationId` is `ACTIVATION_ID`: what the reader replaces. */
function placeholder(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toUpperCase();
}

function isSchema(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}
