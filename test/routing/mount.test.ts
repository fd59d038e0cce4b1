import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import express, { type Request, type Response } from 'express';
import { z } from 'zod';
import { noBody, streamed } from '../../src/routing/answer.ts';
import { mountRoutes, type RouteServer, refuseOtherMethods } from '../../src/routing/mount.ts';
import { openApiDocument } from '../../src/routing/openapi.ts';
import { type ProblemCatalogue, problemHandler, problemsOf } from '../../src/routing/problems.ts';
import { nameRequests, requestIdOf } from '../../src/routing/request-id.ts';
import { type Guard, type Route, route } from '../../src/routing/route.ts';
import { createLog } from '../../src/runtime/log.ts';

type Code = 'unreadable' | 'stranger' | 'unheard_of' | 'other_method' | 'broken';

class Refusal extends Error {
  readonly code: Code;
  constructor(code: Code) {
    super(code);
    this.code = code;
  }
}

interface Facts {
  request: Request;
  response: Response;
}

const statusOf: Record<Code, number> = {
  unreadable: 422,
  stranger: 401,
  unheard_of: 409,
  other_method: 405,
  broken: 500,
};

const catalogue: ProblemCatalogue<Code> = {
  schema: z.strictObject({ code: z.string(), requestId: z.string() }).meta({ id: 'TestProblem' }),
  implied: ({ body }) => (body ? ['broken', 'unreadable'] : ['broken']),
  statusOf: (code) => statusOf[code],
  sentenceOf: (code) => `\`${code}\``,
  saysWhen: () => false,
  codeOf: (error) => (error instanceof Refusal ? error.code : undefined),
};

const member: Guard<string, Facts, Code> = {
  security: ['member'],
  headers: z.object({ 'x-name': z.string() }),
  problems: ['stranger'],
  admit({ request }) {
    const name = request.get('x-name');
    if (!name) throw new Refusal('stranger');
    return name;
  },
};

const declared = {
  path: '/v1/things/{id}',
  tag: 'Things',
  summary: 'A thing',
  guard: member,
  params: z.object({ id: z.string() }),
  answers: { 200: z.strictObject({ by: z.string() }) },
  problems: [],
} as const;

let server: Server | undefined;
afterEach(async () => {
  server?.close();
  server?.closeAllConnections();
  if (server) await once(server, 'close');
  server = undefined;
});

/** Serves the routes; answers how to call them and what the log got. */
async function serve(routes: readonly Route<Facts, Code>[], change: Partial<RouteServer<Facts, Code>> = {}) {
  const failures: unknown[] = [];
  const log = createLog('test');
  log.error = ((line: { err: Error }) => failures.push(line.err.message)) as typeof log.error;
  const app = express();
  app.use(nameRequests({ header: 'X-Request-Id', newId: () => 'req_1' }));
  mountRoutes(app, routes, {
    factsOf: (request, response) => ({ request, response }),
    before: (_route, { admit, readBody, readParams }) => [...admit, ...readBody, ...readParams],
    bodyLimit: '1kb',
    problems: catalogue,
    misfit: () => new Refusal('unreadable'),
    headers: { 'Cache-Control': 'no-store' },
    checkAnswers: true,
    ...change,
  });
  refuseOtherMethods(app, routes, () => new Refusal('other_method'));
  app.use(
    problemHandler({
      problemOf(error, requestId) {
        const code = catalogue.codeOf(error) ?? 'broken';
        const body = { code, requestId };
        return { status: statusOf[code], body, ...(code === 'broken' ? { log: 'error' } : {}) };
      },
      requestIdOf: (_request, response) => requestIdOf(response),
      log,
    }),
  );
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    failures,
    async call(method: string, path: string, { headers = {}, body }: { headers?: HeadersInit; body?: string } = {}) {
      const answer = await fetch(base + path, { method, headers, ...(body === undefined ? {} : { body }) });
      const text = await answer.text();
      return { status: answer.status, headers: answer.headers, text, body: text && JSON.parse(text) };
    },
  };
}

const known = { 'x-name': 'ada' };
const json = { 'content-type': 'application/json' };

describe('a mounted route', () => {
  test('answers what its handler gives, with the caller whom its guard let in', async () => {
    const { call } = await serve([
      route({
        ...declared,
        method: 'get',
        handler: async ({ caller, params }) => ({ status: 200, body: { by: `${caller} ${params.id}` } }),
      }),
    ]);
    const answer = await call('GET', '/v1/things/7', { headers: known });
    expect([answer.status, answer.body]).toEqual([200, { by: 'ada 7' }]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('x-request-id')).toBe('req_1');
  });

  test('refuses in the order of its server', async () => {
    const one = route({
      ...declared,
      method: 'post',
      body: z.strictObject({ a: z.number() }),
      handler: async () => ({ status: 200, body: { by: '' } }),
    });
    const large = { headers: json, body: JSON.stringify({ a: 'x'.repeat(2_000) }) };
    const guardFirst = await serve([one]);
    expect((await guardFirst.call('POST', '/v1/things/7', large)).body.code).toBe('stranger');
    server?.close();
    const bodyFirst = await serve([one], {
      before: (_route, { admit, readBody, readParams }) => [...readBody, ...readParams, ...admit],
    });
    expect((await bodyFirst.call('POST', '/v1/things/7', large)).body.code).toBe('broken');
    expect((await bodyFirst.call('POST', '/v1/things/7', { headers: json, body: '{}' })).body.code).toBe('stranger');
    const misfit = await bodyFirst.call('POST', '/v1/things/7', { headers: { ...json, ...known }, body: '{}' });
    expect([misfit.status, misfit.body]).toEqual([422, { code: 'unreadable', requestId: 'req_1' }]);
  });

  test('names the methods of its path when another one comes', async () => {
    const handler = async () => ({ status: 200 as const, body: { by: '' } });
    const { call } = await serve([
      route({ ...declared, method: 'get', handler }),
      route({ ...declared, method: 'delete', handler }),
    ]);
    const answer = await call('PUT', '/v1/things/7', { headers: known });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, DELETE']);
  });

  test('leaves the answer to a handler that streams, and has no body where none is declared', async () => {
    const { call } = await serve([
      route({
        ...declared,
        method: 'get',
        async handler({ response }) {
          response.end('"so"');
          return streamed;
        },
      }),
      route({
        ...declared,
        method: 'delete',
        answers: { 204: noBody },
        handler: async () => ({ status: 204, body: undefined }),
      }),
    ]);
    expect((await call('GET', '/v1/things/7', { headers: known })).text).toBe('"so"');
    const answer = await call('DELETE', '/v1/things/7', { headers: known });
    expect([answer.status, answer.text]).toEqual([204, '']);
  });
});

describe('what a route does not declare is a loud fault', () => {
  const broken = (handler: Route<Facts, Code>['handler']) => [
    { ...route({ ...declared, method: 'get', handler: async () => ({ status: 200, body: { by: '' } }) }), handler },
  ];

  test.each([
    ['a status', async () => ({ status: 202, body: {} }), /answered the undeclared status 202/],
    ['a body', async () => ({ status: 200, body: { by: 7 } }), /answered 200 with a body that is not declared: by: /],
    [
      'a problem',
      async () => {
        throw new Refusal('unheard_of');
      },
      /failed with the undeclared code unheard_of/,
    ],
  ] as const)('%s', async (_what, handler, message) => {
    const { call, failures } = await serve(broken(handler));
    expect((await call('GET', '/v1/things/7', { headers: known })).body.code).toBe('broken');
    expect(failures).toEqual([expect.stringMatching(message)]);
  });

  test('unless its server does not check answers', async () => {
    const { call } = await serve(
      broken(async () => ({ status: 202, body: {} })),
      { checkAnswers: false },
    );
    expect((await call('GET', '/v1/things/7', { headers: known })).status).toBe(202);
  });
});

test('the document has guard, headers of the guard and every problem of a route', () => {
  const one = route({
    ...declared,
    method: 'put',
    body: z.strictObject({ a: z.number() }),
    problems: ['unheard_of'],
    handler: async () => ({ status: 200, body: { by: '' } }),
  });
  expect(problemsOf(one, catalogue)).toEqual(['broken', 'stranger', 'unheard_of', 'unreadable']);
  const document = openApiDocument([one], {
    ...{ title: 'T', version: '1', description: 'D', url: '/', schemes: { member: { type: 'http' } } },
    problems: catalogue,
  });
  expect(document).toMatchObject({
    paths: {
      '/v1/things/{id}': {
        put: {
          operationId: 'putThingsById',
          security: [{ member: [] }],
          parameters: [
            { name: 'id', in: 'path', required: true },
            { name: 'X-Name', in: 'header', required: true },
          ],
          responses: { 200: {}, 401: { description: '`stranger`' }, 409: {}, 422: {}, 500: {} },
        },
      },
    },
  });
});
