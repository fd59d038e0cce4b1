import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { isFree } from '../../src/api/describe-fields.ts';
import { fieldExamples } from '../../src/api/field-examples.ts';
import { apiDocument } from '../../src/api/openapi.ts';
import type { Json } from '../../src/routing/schemas.ts';
import { apiFields } from '../../src/texts/en/api-fields.ts';
import {
  codeFor,
  cookieOf,
  freshName,
  operatorToken,
  order,
  orderBody,
  quote,
  testConfig,
  useApi,
} from '../support/api.ts';
import { found, invite, join as joinAccount, linkTokenFor } from '../support/members.ts';

const document = apiDocument(testConfig({ FREEHOLD_PUBLIC_URL: 'https://shop.example.com' })) as {
  components: { schemas: Record<string, Json> };
  paths: Record<string, Record<string, Json>>;
};

interface Field {
  where: string;
  schema: Json & { description?: string; examples?: unknown[] };
}

/** Every field and parameter of the document, and every schema with a name. */
function allFields(): Field[] {
  const found: Field[] = [];
  const walk = (schema: unknown, where: string): void => {
    if (typeof schema !== 'object' || schema === null) return;
    const { properties = {}, ...rest } = schema as { properties?: Record<string, Json> };
    for (const [name, inner] of Object.entries(properties)) {
      found.push({ where: `${where}.${name}`, schema: inner });
      walk(inner, `${where}.${name}`);
    }
    for (const inner of Object.values(rest).flat()) walk(inner, where);
  };
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    found.push({ where: name, schema });
    walk(schema, name);
  }
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const { parameters, ...rest } = operation as {
        parameters: { name: string; schema: Json; description?: string }[];
      };
      for (const { name, schema, description } of parameters) {
        found.push({
          where: `${method} ${path} ${name}`,
          schema: { ...schema, ...(description ? { description } : {}) },
        });
      }
      walk(rest, `${method} ${path}`);
    }
  }
  return found;
}

describe("the API's document", () => {
  const fields = allFields();

  test('has many fields', () => {
    expect(fields.length).toBeGreaterThan(500);
  });

  test('describes every schema, field and parameter', () => {
    const silent = fields.filter(({ schema }) => !schema.description && schema.const === undefined);
    expect(silent.map(({ where }) => where)).toEqual([]);
  });

  test('gives an example of every field whose values are free, which fits it', () => {
    const ajv = new Ajv2020({ strict: false });
    addFormats.default(ajv);
    const wrong = fields.flatMap(({ where, schema }) => {
      if (!isFree(schema)) return [];
      const [example] = schema.examples ?? [];
      if (example === undefined) return [`${where} has none`];
      const { $ref: _elsewhere, ...own } = schema;
      return ajv.validate(own, example) ? [] : [`${where}: ${JSON.stringify(example)} ${ajv.errorsText()}`];
    });
    expect([...new Set(wrong)]).toEqual([]);
  });

  test('uses every description and example', () => {
    const texts = new Set(fields.map(({ schema }) => schema.description));
    const examples = new Set(fields.flatMap(({ schema }) => schema.examples ?? []).map((each) => JSON.stringify(each)));
    const unused = [
      ...Object.entries(apiFields).flatMap(([key, text]) => (texts.has(text) ? [] : [key])),
      ...Object.entries(fieldExamples).flatMap(([key, example]) =>
        examples.has(JSON.stringify(example)) ? [] : [key],
      ),
    ];
    expect(unused).toEqual([]);
  });

  test('names the Idempotency-Key as required where it is', () => {
    const required = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { parameters }]) =>
        (parameters as { name: string; required: boolean }[]).some(
          ({ name, required: isRequired }) => name === 'Idempotency-Key' && isRequired,
        )
          ? [`${method} ${path}`]
          : [],
      ),
    );
    expect(required).toEqual(['post /v1/orders', 'post /v1/instances/{id}/restart']);
  });
});

describe('the example of a request', () => {
  const api = useApi();

  interface Prepared {
    path?: string;
    headers?: Record<string, string>;
    /** Values that name something that was just made, in place of those of the example. */
    replace?: Record<string, unknown>;
  }

  const operator = { authorization: `Bearer ${operatorToken}` };

  async function waiting(): Promise<string> {
    const { record } = await order(api);
    await api.store.operations.insert({
      ...{ _id: record.operationId, instanceId: record.instanceId, orderId: record._id, accountId: record.accountId },
      ...{ kind: 'provision', status: 'needs_operator', reason: 'stack_failed', createdAt: new Date() },
      steps: [{ step: 'hold-hostname', status: 'needs_operator', attempt: 1, reason: 'stack_failed' }],
    });
    return record.operationId;
  }

  async function decision(action: string): Promise<Prepared> {
    return { path: `/v1/operator/operations/${await waiting()}/${action}`, headers: operator };
  }

  /** What each request needs beforehand. */
  const prepare: Record<string, () => Promise<Prepared>> = {
    '/v1/quotes': async () => ({}),
    '/v1/orders': async () => {
      const { quoteId, signature, holdToken } = orderBody(await quote(api));
      return { headers: { 'idempotency-key': freshName() }, replace: { quoteId, signature, holdToken } };
    },
    '/v1/carts/orders': async () => {
      const { holdToken } = await quote(api);
      return { replace: { holdToken } };
    },
    '/v1/sign-in/codes': async () => ({}),
    '/v1/sign-in': async () => {
      const asked = await api.call('POST', '/v1/sign-in/codes', { body: { email: 'ada@example.com' } });
      return { headers: { cookie: cookieOf(asked) }, replace: { code: codeFor(api, 'ada@example.com') } };
    },
    '/v1/me/account': async () => {
      const { browser, accountId } = await found(api);
      return { headers: { ...browser }, replace: { accountId } };
    },
    '/v1/account/members/{id}/roles': async () => {
      const { browser } = await found(api);
      const { id } = await joinAccount(api, browser, `${freshName()}@example.com`);
      return { path: `/v1/account/members/${id}/roles`, headers: { ...browser } };
    },
    '/v1/account/invitations': async () => ({ headers: { ...(await found(api)).browser } }),
    '/v1/invitations/accept': async () => {
      const email = `${freshName()}@example.com`;
      await invite(api, (await found(api)).browser, email);
      return { replace: { token: linkTokenFor(api, email) } };
    },
    '/v1/account/close': async () => {
      const { browser, email } = await found(api);
      return { headers: { ...browser }, replace: { confirm: email } };
    },
    '/v1/operator/orders/{id}/cancel': async () => {
      const { record } = await order(api);
      return { path: `/v1/operator/orders/${record._id}/cancel`, headers: operator };
    },
    '/v1/operator/orders/{id}/correct-address': async () => {
      const { record } = await order(api);
      const replace = { from: record.billingEmail };
      return { path: `/v1/operator/orders/${record._id}/correct-address`, headers: operator, replace };
    },
    '/v1/instances/{id}/administrator': async () => ({ path: '/v1/instances/i0123456789abcdef/administrator' }),
    '/v1/operator/operations/{id}/retry': () => decision('retry'),
    '/v1/operator/operations/{id}/skip': () => decision('skip'),
    '/v1/operator/operations/{id}/abort': () => decision('abort'),
    '/v1/operator/find': async () => ({ headers: operator }),
    '/v1/operator/reconcile': async () => ({ headers: operator }),
    '/v1/operator/tickets/{id}/close': async () => {
      await api.store.tickets.note({ kind: 'host_gone', subject: freshName(), repair: null }, new Date());
      const [ticket] = (await api.store.tickets.newest({ state: 'open' }, { limit: 1 })).items;
      return { path: `/v1/operator/tickets/${ticket!._id}/close`, headers: operator };
    },
  };

  const withBody = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { requestBody }]) =>
      requestBody
        ? [[method, path, (requestBody as { content: Record<string, { example: object }> }).content] as const]
        : [],
    ),
  );

  test.each(withBody)('%s %s is accepted as it stands', async (method, template, content) => {
    const prepared = await prepare[template]!();
    const { example } = content['application/json']!;
    for (const name of Object.keys(prepared.replace ?? {})) expect(example).toHaveProperty(name);
    const answer = await api.call(method.toUpperCase(), prepared.path ?? template, {
      headers: prepared.headers ?? {},
      body: { ...example, ...prepared.replace },
    });
    expect({ status: answer.status < 300, body: answer.status < 300 ? null : answer.body }).toEqual({
      status: true,
      body: null,
    });
  });
});
