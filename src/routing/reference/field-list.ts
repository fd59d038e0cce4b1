import { textsOf } from '../../texts/texts.ts';
import { type Html, html } from '../html.ts';
import type { Json } from '../schemas.ts';
import { referredName } from './document.ts';
import { type Field, withoutNull } from './fields.ts';

const { field: texts } = textsOf('en').reference;

/** A field and what is beside its name: where a parameter is. */
interface ListedField extends Field {
  place?: string;
}

/** Fields as a list of names with kind, description, limits and example. */
export function fieldList(fields: readonly ListedField[]): Html {
  const rows = fields.map(
    (field) => html`<div><dt><code>${field.name}</code> <span class="kind">${field.place && `${field.place}, `}${kindOf(
      field.schema,
    )}${field.nullable && ` ${texts.orNull}`}</span>${field.required && html` <b>${texts.required}</b>`}</dt>
<dd>${notesOf(field.schema)}</dd></div>`,
  );
  return html`<dl class="fields">${rows}</dl>`;
}

/** What values a schema has, in the words of JSON Schema; a referred schema is a link. */
export function kindOf(schema: Json): Html {
  const name = referredName(schema);
  if (name) return html`<a href="#shape-${name}">${name}</a>`;
  const { type, format, items, anyOf, additionalProperties: values } = schema;
  if (type === 'array') return html`${texts.listOf} ${orNull(items as Json)}`;
  if (anyOf) {
    const kinds = new Set((anyOf as Json[]).map((branch) => kindOf(branch).html));
    return html`${[...kinds].map((kind, index) => [index > 0 && ` ${texts.or} `, { html: kind }])}`;
  }
  if (!schema.properties && typeof values === 'object' && values !== null) {
    return html`${texts.recordOf} ${orNull(values as Json)}`;
  }
  return html`${typeof type === 'string' ? type : texts.anything}${typeof format === 'string' && ` (${format})`}`;
}

function orNull(schema: Json): Html {
  const { schema: inner, nullable } = withoutNull(schema);
  return html`${kindOf(inner)}${nullable && ` ${texts.orNull}`}`;
}

function notesOf(schema: Json): Html {
  const { description, default: usual, pattern, examples = [] } = schema;
  const [example] = examples as unknown[];
  const values = valuesOf(schema);
  const limits = limitsOf(schema);
  return html`${typeof description === 'string' && paragraphs(description)}
${values.length > 0 && html`<p>${values.length > 1 ? texts.oneOf : texts.always} ${listed(values)}</p>`}
${limits.length > 0 && html`<p>${texts.limits} ${limits.join(', ')}</p>`}
${typeof pattern === 'string' && html`<p>${texts.pattern} <code>${pattern}</code></p>`}
${usual !== undefined && html`<p>${texts.usual} ${value(usual)}</p>`}
${example !== undefined && html`<p>${texts.example} ${value(example)}</p>`}`;
}

/** The only values of a schema, or of the entries of a list. */
function valuesOf({ enum: values, const: constant, anyOf = [], items }: Json): unknown[] {
  if (values) return values as unknown[];
  if (constant !== undefined) return [constant];
  if (items) return valuesOf(items as Json);
  const branches = (anyOf as Json[]).map(valuesOf);
  return branches.every(({ length }) => length > 0) ? branches.flat() : [];
}

function limitsOf(schema: Json): string[] {
  const sentences = {
    ...{ minimum: texts.atLeast, exclusiveMinimum: texts.moreThan, maximum: texts.atMost },
    ...{ minLength: texts.shortest, maxLength: texts.longest, minItems: texts.fewest, maxItems: texts.most },
  };
  return Object.entries(sentences).flatMap(([key, sentence]) => {
    const number = schema[key];
    // The limits of every integer in JavaScript say nothing about this one.
    return typeof number !== 'number' || Math.abs(number) === Number.MAX_SAFE_INTEGER ? [] : [sentence({ number })];
  });
}

function listed(values: readonly unknown[]): Html {
  return html`${values.map((each, index) => [index > 0 && ', ', value(each)])}`;
}

function value(each: unknown): Html {
  return html`<code>${typeof each === 'string' && each !== '' ? each : JSON.stringify(each)}</code>`;
}

/** Text of the document as paragraphs; what is between backticks is code. */
export function paragraphs(text: string): Html {
  return html`${text.split('\n\n').map((each) => html`<p>${withCode(each)}</p>`)}`;
}

/** Text whose parts between backticks are code. */
export function withCode(text: string): Html {
  return html`${text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}`;
}
