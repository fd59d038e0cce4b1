import type { Properties } from '../../src/stacks/provider/properties.ts';
import type { Problem } from '../../src/stacks/provider/serve-provider.ts';
import type { InputSchema, Shape } from './schema/read-schema.ts';

/** Faults in the inputs of a resource; undefined values are not known yet and always fit. */
export function checkInputs(schema: InputSchema, type: string, inputs: Properties): Problem[] {
  const name = schema.resources[type];
  if (name === undefined) return [{ property: '', reason: `unknown resource type ${type}` }];
  return checkObject(schema, name, inputs, '');
}

function checkObject(schema: InputSchema, name: string, bag: Properties, path: string): Problem[] {
  const fields = schema.objects[name] ?? {};
  const at = (field: string) => (path === '' ? field : `${path}.${field}`);
  const missing = Object.entries(fields)
    .filter(([field, { required }]) => required && !(field in bag))
    .map(([field]) => ({ property: at(field), reason: `Missing required argument: "${at(field)}" is required` }));
  const wrong = Object.entries(bag).flatMap(([field, value]) => {
    const known = fields[field];
    if (!known) return [{ property: at(field), reason: `An argument named "${at(field)}" is not expected here` }];
    return checkShape(schema, known.shape, value, at(field));
  });
  return [...missing, ...wrong];
}

function checkShape(schema: InputSchema, shape: Shape, value: unknown, path: string): Problem[] {
  if (value === undefined || value === null) return [];
  switch (shape.kind) {
    case 'any':
      return [];
    case 'string':
    case 'number':
    case 'boolean':
      return isPrimitive(shape.kind, value) ? [] : [{ property: path, reason: `"${path}" must be a ${shape.kind}` }];
    case 'list':
      if (!Array.isArray(value)) return [{ property: path, reason: `"${path}" must be a list` }];
      return value.flatMap((item, index) => checkShape(schema, shape.of, item, `${path}[${index}]`));
    case 'map':
      if (!isBag(value)) return [{ property: path, reason: `"${path}" must be a map` }];
      return Object.entries(value).flatMap(([key, item]) => checkShape(schema, shape.of, item, `${path}.${key}`));
    case 'object':
      if (!isBag(value)) return [{ property: path, reason: `"${path}" must be an object` }];
      return checkObject(schema, shape.name, value, path);
    case 'one': {
      const tries = shape.of.map((each) => checkShape(schema, each, value, path));
      return tries.find((problems) => problems.length === 0) ?? tries[0] ?? [];
    }
  }
}

/** Numbers and booleans may be given as text, as with the real providers. */
function isPrimitive(kind: 'string' | 'number' | 'boolean', value: unknown): boolean {
  if (kind === 'string') return typeof value === 'string';
  if (kind === 'number') return typeof value === 'number' || (typeof value === 'string' && Number.isFinite(+value));
  return typeof value === 'boolean' || value === 'true' || value === 'false';
}

function isBag(value: unknown): value is Properties {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
