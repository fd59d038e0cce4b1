import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Ajv, type ValidateFunction } from 'ajv';

/**
 * Stripe's own published response schemas, from the Go module `github.com/stripe/stripe-mock` (MIT), which contains
 * Stripe's OpenAPI document. It comes from the module proxy, is checked against Go's checksum database, and cached in
 * the Go module cache.
 */
const stripeMock = 'github.com/stripe/stripe-mock@v0.203.0';

interface Json {
  [key: string]: unknown;
}
interface Specification {
  components: { schemas: Json };
  paths: Record<string, Record<string, { responses: Record<string, { content?: Record<string, { schema: Json }> }> }>>;
}

/** Faults in an answer of the emulator compared with Stripe's schema, by request and status; none if it conforms. */
export type CheckAnswer = (answer: { method: string; path: string; status: number; body: unknown }) => string[];

/** Loads the schemas; fails with the reason if Go or the module is not available. */
export async function loadResponseSchemas(): Promise<CheckAnswer> {
  const specification: Specification = JSON.parse(
    await readFile(join(await moduleFolder(), 'embedded/openapi/spec3.json'), 'utf8'),
  );
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema({ $id: 'stripe', components: { schemas: adapt(specification.components.schemas) } });
  const compiled = new Map<string, ValidateFunction>();
  const routes = Object.entries(specification.paths).map(([template, operations]) => ({
    pattern: new RegExp(`^${template.replace(/\{[^}]+\}/g, '[^/]+')}$`),
    template,
    operations,
  }));
  return ({ method, path, status, body }) => {
    const route = routes.find((known) => known.template === path) ?? routes.find((known) => known.pattern.test(path));
    const responses = route?.operations[method.toLowerCase()]?.responses;
    const response = responses?.[String(status)] ?? responses?.default;
    const schema = response?.content?.['application/json']?.schema;
    if (!route || !schema) return [`${method} ${path} ${status} is not in Stripe's document`];
    const key = `${method} ${route.template} ${status === 200 ? 200 : 'error'}`;
    const validate = compiled.get(key) ?? ajv.compile(adapt(schema) as Json);
    compiled.set(key, validate);
    if (validate(body)) return [];
    // The branches of an "any of" have the specific errors; most specific first.
    return (validate.errors ?? [])
      .toSorted((one, other) => Number(one.keyword === 'anyOf') - Number(other.keyword === 'anyOf'))
      .slice(0, 5)
      .map(
        (error) =>
          `${method} ${path} ${status}: ${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`,
      );
  };
}

async function moduleFolder(): Promise<string> {
  try {
    // Outside the project, so that no other go.mod takes part.
    const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', stripeMock], { cwd: tmpdir() });
    return JSON.parse(stdout).Dir;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `Stripe's response schemas could not be had: "go mod download ${stripeMock}" failed. It needs Go and the Go module proxy (GOPROXY). ${reason}`,
    );
  }
}

/** OpenAPI 3.0 to JSON Schema: `nullable`, and references into the one document above. */
function adapt(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(adapt);
  if (typeof value !== 'object' || value === null) return value;
  const { nullable, ...rest } = value as Json;
  const adapted: Json = Object.fromEntries(
    Object.entries(rest).map(([key, inner]) => [
      key,
      key === '$ref' && typeof inner === 'string' ? `stripe${inner}` : adapt(inner),
    ]),
  );
  if (nullable !== true) return adapted;
  return { anyOf: [{ type: 'null' }, adapted] };
}
