import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { licenceCodes } from '../../src/licence/protocol/codes.ts';
import { problemCatalogue } from '../../src/licence/server/problems.ts';
import { allRoutes } from '../../src/licence/server/routes/all-routes.ts';
import { problemsOf } from '../../src/routing/problems.ts';
import { adminToken, type LicenceWorld, startLicenceWorld } from './support/licence-server.ts';

/** The licence server's document, and that its handlers conform to it. */

interface Operation {
  operationId: string;
  security: Record<string, unknown>[];
  parameters: { name: string; in: string; schema: Record<string, unknown> }[];
  requestBody?: { required: boolean; content: Record<string, { schema: Record<string, unknown> }> };
  responses: Record<
    string,
    {
      description: string;
      headers?: Record<string, unknown>;
      content?: Record<string, { schema: Record<string, unknown> }>;
    }
  >;
}

let world: LicenceWorld;
let document: { openapi: string; paths: Record<string, Record<string, Operation>>; components: { schemas: object } };
let operations: { method: string; path: string; operation: Operation }[];

beforeAll(async () => {
  world = await startLicenceWorld();
  document = (await world.call<typeof document>('GET', '/openapi.json')).body;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  );
});

afterAll(() => world?.stop());

/** A path of the document with an unknown id. */
function somewhere(path: string): string {
  const ids: Record<string, string> = {
    product: 'nothing',
    plan: 'NONE',
    version: '9.9.9',
    id: path.includes('/instances/') ? 'act_0123456789abcdef' : 'lic_0123456789abcdef',
  };
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? 'nothing-here-00');
}

function validatorOf(schema: Record<string, unknown>): ValidateFunction {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  return ajv.compile({ ...schema, components: document.components });
}

/** Checks an answer against the document: its status is declared, and its body fits the schema. */
function expectDeclared(operation: Operation, reply: { status: number; headers: Headers; body: unknown }) {
  const declared = operation.responses[reply.status];
  expect([operation.operationId, reply.status, declared !== undefined]).toEqual([
    operation.operationId,
    reply.status,
    true,
  ]);
  const [type, content] = Object.entries(declared?.content ?? {})[0] ?? [];
  if (content === undefined) return expect(reply.body).toBeUndefined();
  expect(reply.headers.get('Content-Type')).toContain(type);
  const validate = validatorOf(content.schema);
  expect([operation.operationId, validate(reply.body), validate.errors]).toEqual([operation.operationId, true, null]);
}

describe('L75: the document', () => {
  test('is OpenAPI 3.1 with every declared route, each with an id of its own', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(
      allRoutes.map(({ method, path }) => `${method} ${path}`).sort(),
    );
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
  });

  test('refers only to schemas that it holds', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref as string);
    expect(references.length).toBeGreaterThan(0);
    const known = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
    expect(references.filter((ref) => !known.includes(ref))).toEqual([]);
  });

  test('names each refusal with its number under its status', () => {
    for (const declared of allRoutes) {
      const responses = document.paths[declared.path]?.[declared.method]?.responses ?? {};
      for (const code of problemsOf(declared, problemCatalogue)) {
        const { num, status } = licenceCodes[code];
        expect(responses[status]?.description).toContain(`${num} \`${code}\``);
      }
    }
  });

  test('says where exactly one of several members is sent', () => {
    const accepts = (path: string, body: unknown) => {
      const { schema } = document.paths[path]!.post!.requestBody!.content['application/json']!;
      return validatorOf(schema)(body);
    };
    const recover = { requestId: 'request-1', node: { name: 'n1' } };
    const file = { days: 1 };
    const licenses = '/v1/admin/licenses/{id}';
    const either = [
      ['/v1/instances/{id}/recover', { ...recover, licenseKey: 'x' }, { ...recover, enrollmentToken: 'x' }],
      [`${licenses}/offline-files`, { ...file, clusterId: 'x' }, { ...file, fingerprint: 'x' }],
      [`${licenses}/extend`, { years: 1 }, { until: '2027-01-01T00:00:00Z' }],
    ] as const;
    for (const [path, one, other] of either) {
      const fits = [one, other, { ...one, ...other }].map((body) => accepts(path, body));
      expect([path, fits]).toEqual([path, [true, true, false]]);
    }
    expect(accepts('/v1/instances/{id}/recover', recover)).toBe(false);
    expect(accepts(`${licenses}/offline-files`, file)).toBe(false);
  });

  test('requires a body where the server does', () => {
    const required = (path: string) => document.paths[path]!.post!.requestBody?.required;
    expect(required('/v1/admin/licenses/{id}/rotate-key')).toBe(false);
    expect(required('/v1/admin/licenses/{id}/revoke')).toBe(true);
    expect(required('/v1/activations')).toBe(true);
  });

  test('bounds the years of a renewal', () => {
    const { parameters } = document.paths['/v1/admin/licenses/{id}/renewal']!.get!;
    const years = parameters.find(({ name }) => name === 'years');
    expect(years?.schema).toMatchObject({ type: 'integer', minimum: 1, maximum: 10 });
  });

  test('names Retry-After where an answer says when to call again, and Idempotent-Replay where one is repeated', () => {
    for (const { path, operation } of operations) {
      for (const [status, { headers = {} }] of Object.entries(operation.responses)) {
        const says = [path, status, 'Retry-After' in headers];
        if (status === '429' || status === '503') expect(says).toEqual([path, status, true]);
        if (Number(status) < 400 || status === '401') expect(says).toEqual([path, status, false]);
      }
    }
    const replays = operations.filter(
      ({ operation }) => 'Idempotent-Replay' in (operation.responses[200]?.headers ?? {}),
    );
    expect(replays.map(({ path }) => path).sort()).toEqual([
      '/v1/activations',
      '/v1/enrollments/redeem',
      '/v1/instances/{id}/check',
      '/v1/instances/{id}/recover',
    ]);
  });

  test('has no call that only a client raises', () => {
    expect(
      allRoutes.flatMap((each) => problemsOf(each, problemCatalogue)).filter((code) => licenceCodes[code].status === 0),
    ).toEqual([]);
  });
});

describe('L75: every call answers as its declaration says', () => {
  test('without credentials, where it asks for some: 401', async () => {
    const guarded = operations.filter(({ operation }) => operation.security.length > 0);
    expect(guarded.length).toBeGreaterThan(10);
    for (const { method, path, operation } of guarded) {
      const reply = await world.call(method.toUpperCase(), somewhere(path));
      expect([operation.operationId, reply.status]).toEqual([operation.operationId, 401]);
      expectDeclared(operation, reply);
    }
  });

  test('with an empty body, a broken one, one that is too large, and ids that nothing has', async () => {
    const large = { text: 'x'.repeat(20_000) };
    const member = await world.accounts.token({ account: 'acc_nobody', role: ['admin', 'payer'] });
    for (const { method, path, operation } of operations) {
      const bearer = operation.security[0]?.account === undefined ? adminToken : member;
      const headers = { Authorization: `Bearer ${bearer}`, 'Idempotency-Key': randomUUID() };
      const bodies = operation.requestBody === undefined ? [undefined] : [{}, '{"broken', large];
      for (const body of bodies) {
        const reply = await world.call(method.toUpperCase(), somewhere(path), body, headers);
        expectDeclared(operation, reply);
        if (body === large) expect([operation.operationId, reply.status]).toEqual([operation.operationId, 413]);
      }
    }
  });
});
