import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { allRoutes } from '../../src/api/routes/all-routes.ts';
import { reasonCodes } from '../../src/contracts/reasons.ts';
import { textsOf } from '../../src/texts/texts.ts';
import { cart, codeOf, notedWorkflows, operatorToken, signIn, startApi, useApi } from '../support/api.ts';
import { startDatabase } from '../support/database.ts';

const { reasons: reasonTexts } = textsOf('en');

const api = useApi();

const json = { 'content-type': 'application/json' };

describe('what cannot be read is a problem document', () => {
  test.each([
    ['an unknown path', 'GET', '/v1/nothing', {}, 404, 'not_found'],
    ['a path that cannot be decoded', 'GET', '/v1/hostnames/%E0%A4%A?cloud=local', {}, 404, 'not_found'],
    ['another method', 'DELETE', '/v1/quotes', {}, 405, 'method_not_allowed'],
    ['a GET of the webhook', 'GET', '/v1/stripe/webhook', {}, 405, 'method_not_allowed'],
    ['broken JSON', 'POST', '/v1/quotes', { raw: '{"plan":', headers: json }, 400, 'malformed_body'],
    ['no JSON object', 'POST', '/v1/quotes', { raw: '"text"', headers: json }, 400, 'malformed_body'],
    ['an array', 'POST', '/v1/quotes', { raw: '[]', headers: json }, 422, 'invalid_request'],
    ['no body', 'POST', '/v1/quotes', { headers: json }, 422, 'invalid_request'],
    [
      'another content type',
      'POST',
      '/v1/quotes',
      { raw: 'plan=MAKER', headers: { 'content-type': 'text/plain' } },
      415,
      'unsupported_media_type',
    ],
    [
      'a form',
      'POST',
      '/v1/quotes',
      { raw: 'plan=MAKER', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
      'unsupported_media_type',
    ],
    [
      'an unknown charset',
      'POST',
      '/v1/quotes',
      { raw: '{}', headers: { 'content-type': 'application/json; charset=odd' } },
      415,
      'unsupported_media_type',
    ],
    [
      'a body that is too large',
      'POST',
      '/v1/quotes',
      { raw: JSON.stringify({ plan: 'x'.repeat(70_000) }), headers: json },
      413,
      'body_too_large',
    ],
    [
      'JSON as deep as the limit allows',
      'POST',
      '/v1/quotes',
      { raw: `{"plan":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, headers: json },
      422,
      'invalid_request',
    ],
  ] as const)('%s', async (_what, method, path, options, status, code) => {
    const answer = await api.call(method, path, options);
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.body).toMatchObject({ status, title: reasonTexts[code].customer, next: reasonTexts[code].next });
    expect(answer.body.requestId).toBe(answer.headers.get('x-request-id'));
    expect(answer.body.type).toBe(`http://127.0.0.1:8000/docs/problems#${code}`);
  });

  test('a method that is not allowed names those that are', async () => {
    expect((await api.call('PUT', '/v1/catalogue')).headers.get('allow')).toBe('GET, HEAD');
    expect((await api.call('HEAD', '/v1/catalogue')).status).toBe(200);
  });

  test('fields of a prototype do not reach anything', async () => {
    const raw = `{"__proto__":{"admin":true},${JSON.stringify(cart()).slice(1)}`;
    const answer = await api.call('POST', '/v1/quotes', { raw, headers: json });
    expect(answer.status).toBe(422);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
    const addOns = await api.call('POST', '/v1/quotes', {
      raw: JSON.stringify(cart()).replace('}', ',"addOns":{"constructor":1}}'),
      headers: json,
    });
    expect(codeOf(addOns)).toBe('add_on_unknown');
    const hidden = await api.call('POST', '/v1/quotes', {
      raw: JSON.stringify(cart()).replace('}', ',"addOns":{"__proto__":1}}'),
      headers: json,
    });
    expect(hidden.body).toMatchObject({
      code: 'invalid_request',
      errors: [{ path: 'addOns', message: 'There is no such field: __proto__.' }],
    });
  });

  test('an error of ours says nothing of itself', async () => {
    const broken = await startApi(api.databaseUri, {
      workflows: notedWorkflows({ ping: async () => undefined }).workflows,
      payments: {
        clientSecretOf: async () => Promise.reject(new Error('secret detail sk_live_1')),
        moneyOf: async () => [],
        chargedFor: async () => ({ paid: 0, refunded: 0 }),
      },
    });
    try {
      broken.deps.catalogue = { ...broken.deps.catalogue, currency: 'XXX' as 'EUR' };
      const answer = await broken.call('GET', '/v1/catalogue');
      expect([answer.status, codeOf(answer)]).toEqual([500, 'internal']);
      expect(JSON.stringify(answer.body)).not.toMatch(/XXX|declared|Error/);
    } finally {
      await broken.close();
    }
  });
});

test('a database that is away is no mistake of anybody: 503, to be tried again', async () => {
  const own = await startDatabase();
  const cut = await startApi(own.uri);
  try {
    expect((await cut.call('GET', '/v1/hostnames/free?cloud=local')).status).toBe(200);
    await own.stop();
    const answer = await cut.call('GET', '/v1/hostnames/free?cloud=local');
    expect([answer.status, codeOf(answer)]).toEqual([503, 'records_unreachable']);
  } finally {
    await cut.close();
  }
}, 60_000);

describe('limits of requests', () => {
  test('count for an address and for an account, and say so', async () => {
    const narrow = await startApi(api.databaseUri, {
      config: { FREEHOLD_REQUESTS_PER_MINUTE_PER_IP: 20, FREEHOLD_REQUESTS_PER_MINUTE_PER_ACCOUNT: 3 },
    });
    try {
      const member = await signIn(narrow, 'narrow@example.com');
      const me = () => narrow.call('GET', '/v1/me', { headers: member });
      const first = await me();
      expect(first.headers.get('ratelimit')).toMatch(/"per-address".*"per-account"/);
      await me();
      await me();
      const fourth = await me();
      expect([fourth.status, codeOf(fourth)]).toEqual([429, 'too_many_requests']);
      expect(Number(fourth.headers.get('retry-after'))).toBeGreaterThan(0);

      let last = await narrow.call('GET', '/v1/catalogue');
      for (let request = 0; request < 20 && last.status === 200; request += 1)
        last = await narrow.call('GET', '/v1/catalogue');
      expect([last.status, codeOf(last)]).toEqual([429, 'too_many_requests']);
      expect((await narrow.call('GET', '/health/live')).status).toBe(200);
    } finally {
      await narrow.close();
    }
  });
});

describe('every answer', () => {
  test('carries the headers that keep browsers safe', async () => {
    for (const path of ['/v1/catalogue', '/docs', '/orders/ord_0000000000000000', '/nothing']) {
      const { headers } = await api.call('GET', path);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });
});

describe('health', () => {
  test('tells whether database and workflows are reached', async () => {
    expect((await api.call('GET', '/health/live')).body).toEqual({ status: 'ok' });
    expect((await api.call('GET', '/health/ready')).body).toEqual({ status: 'ok', database: 'ok', temporal: 'ok' });
    const alone = await startApi(api.databaseUri, {
      workflows: notedWorkflows({ ping: async () => Promise.reject(new Error('down')) }).workflows,
    });
    try {
      const answer = await alone.call('GET', '/health/ready');
      expect([answer.status, answer.body]).toEqual([
        503,
        { status: 'degraded', database: 'ok', temporal: 'unreachable' },
      ]);
    } finally {
      await alone.close();
    }
  });
});

describe('the OpenAPI document', () => {
  test('names every declared route and no other, with unique operation ids', async () => {
    const { body } = await api.call('GET', '/v1/openapi.json');
    expect(body.openapi).toBe('3.1.0');
    const named = Object.entries<Record<string, unknown>>(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(named.sort()).toEqual(allRoutes.map(({ method, path }) => `${method} ${path}`).sort());
    const ids = Object.values<Record<string, { operationId: string }>>(body.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('refers only to what it holds', async () => {
    const { body } = await api.call('GET', '/v1/openapi.json');
    const refs = new Set<string>(JSON.stringify(body).match(/#\/[^"]+/g) ?? []);
    for (const ref of refs) {
      const target = ref
        .slice(2)
        .split('/')
        .reduce((value, key) => value?.[key], body);
      expect([ref, typeof target]).toEqual([ref, 'object']);
    }
    expect(refs.size).toBeGreaterThan(5);
  });

  test('says who may call what', async () => {
    const { body } = await api.call('GET', '/v1/openapi.json');
    const security = (path: string, method = 'get') => body.paths[path][method].security;
    expect(security('/v1/catalogue')).toEqual([{}]);
    expect(security('/v1/me')).toEqual([{ session: [] }]);
    expect(security('/v1/orders/{id}')).toEqual([{ capability: [] }, { session: [] }]);
    expect(security('/v1/orders', 'post')).toEqual([{}, { session: [] }]);
    expect(security('/v1/operator/orders')).toEqual([{ operator: [] }]);
    for (const [path, methods] of Object.entries<Record<string, { security: object[] }>>(body.paths)) {
      if (!path.startsWith('/v1/operator')) continue;
      for (const { security: needed } of Object.values(methods)) expect(needed).toEqual([{ operator: [] }]);
    }
  });

  test('cannot be contradicted by a handler', async () => {
    api.deps.catalogue = { ...api.deps.catalogue, version: 7 as unknown as string };
    expect((await api.call('GET', '/v1/catalogue')).status).toBe(500);
  });

  test('is browsable without anything from elsewhere', async () => {
    const page = await api.call('GET', '/docs');
    expect(page.status).toBe(200);
    expect(page.body).not.toMatch(/<(script|iframe)|(?:src|href)="(?!\/|#)/);
    const files = [...page.body.matchAll(/<link [^>]*href="([^"]+)"/g)].map(([, file]) => file);
    expect(files).toHaveLength(2);
    for (const file of files) expect([file, (await api.call('GET', file)).status]).toEqual([file, 200]);
    const problems = await api.call('GET', '/docs/problems');
    for (const code of reasonCodes) expect(problems.body).toContain(`id="${code}"`);
    expect((await api.call('GET', '/')).headers.get('location')).toBe('/docs');
    expect((await api.call('GET', '/assets/../api.ts')).status).toBe(404);
  });
});

test('every guarded route refuses a request without credentials', async () => {
  const prefixes = {
    ...{ orders: 'ord_', instances: 'i', operations: 'op_', reconcile: 'rec_', tickets: 'tic_', check: 'chk_' },
    ...{ incidents: 'inc_' },
    ...{ members: 'mem_', invitations: 'inv_', accounts: 'acc_' },
  };
  for (const { method, path, guard } of allRoutes) {
    if (guard.optional) continue;
    const resource = Object.entries(prefixes).find(([name]) => path.includes(`/${name}/`));
    const address = path.replace('{id}', `${resource?.[1]}0000000000000000`);
    const answer = await api.call(method.toUpperCase(), address, method === 'post' ? { body: {} } : {});
    expect([address, answer.status]).toEqual([address, 401]);
  }
  expect(operatorToken.length).toBeGreaterThan(15);
  expect(allRoutes.filter(({ params }) => params && !(params instanceof z.ZodObject))).toEqual([]);
});
