import { describe, expect, test } from '@jest/globals';
import { requireSameRequest } from '../../src/api/operations/require-same-request.ts';
import { allRoutes } from '../../src/api/routes/all-routes.ts';
import { operations } from '../../src/contracts/operations/registry.ts';
import { ReasonError } from '../../src/contracts/reasons.ts';
import { newId, operationIdFrom } from '../../src/runtime/new-id.ts';
import { codeOf, notedWorkflows, operatorToken, order, startApi, useApi } from '../support/api.ts';
import { instanceRecord } from '../support/instance-record.ts';
import { found, join } from '../support/members.ts';

const { workflows, calls } = notedWorkflows({
  request: async (instanceId, operation) => {
    calls.push({ call: 'request', args: [instanceId, operation] });
    return { operationId: operation.operationId };
  },
});
const api = useApi({ workflows });
const operator = { authorization: `Bearer ${operatorToken}` };

/** A delivered server of a new account. */
async function delivered() {
  const owner = await found(api);
  const { record, accepted } = await order(api, { billingEmail: owner.email });
  await api.store.orders.model.updateOne({ _id: record._id }, { $set: { state: 'fulfilled' } });
  const { accountId, _id: orderId } = record;
  const instance = instanceRecord({ _id: record.instanceId, accountId, orderId, status: 'ready' });
  await api.store.instances.insert(instance);
  return { owner, record, accepted, instance, path: `/v1/instances/${instance._id}` };
}

const once = (key = newId.request()) => ({ 'idempotency-key': key });

describe('a customer', () => {
  test('restarts a server: 202 with the operation, where to read about it, and an audit entry', async () => {
    const { owner, instance, path } = await delivered();
    const answer = await api.call('POST', `${path}/restart`, { headers: { ...owner.browser, ...once() } });
    const { operationId } = answer.body;
    const self = `http://127.0.0.1:8000/v1/operations/${operationId}`;
    expect([answer.status, answer.headers.get('location')]).toEqual([202, self]);
    expect(answer.body).toEqual({
      ...{ instanceId: instance._id, operationId: expect.stringMatching(/^op_[0-9a-z]{16}$/) },
      links: { self, page: `http://127.0.0.1:8000/orders/${instance.orderId}` },
    });
    expect(calls.at(-1)).toEqual({
      call: 'request',
      args: [instance._id, { kind: 'restart', operationId, requestedBy: 'customer' }],
    });
    expect(await api.store.audit.of(instance._id)).toMatchObject([
      { actor: expect.stringMatching(/^member:mem_/), action: 'request-restart', after: { operationId } },
    ]);
  });

  test('gets the same operation for the same Idempotency-Key, also when its workflow has forgotten it', async () => {
    const { owner, instance, path } = await delivered();
    const headers = { ...owner.browser, ...once('again') };
    const [one, two] = [
      await api.call('POST', `${path}/restart`, { headers }),
      await api.call('POST', `${path}/restart`, { headers }),
    ];
    expect(two.body).toEqual(one.body);
    const { operationId } = one.body;
    expect(operationId).toBe(operationIdFrom([instance._id, 'restart', 'again']));
    await api.store.operations.insert({
      ...{ _id: operationId, instanceId: instance._id, accountId: instance.accountId },
      ...{ kind: 'restart', status: 'succeeded', steps: [], createdAt: new Date(), endedAt: new Date() },
    });
    const callsBefore = calls.length;
    expect((await api.call('POST', `${path}/restart`, { headers })).body).toEqual(one.body);
    expect(calls).toHaveLength(callsBefore);
    const other = await api.call('POST', `${path}/restart`, { headers: { ...owner.browser, ...once() } });
    expect(other.body.operationId).not.toBe(operationId);
  });

  test('is audited once also when the answer to their first request was lost', async () => {
    const { owner, instance, path } = await delivered();
    const headers = { ...owner.browser, ...once('lost') };
    // The operation was accepted and has begun; the api died before it answered.
    const operationId = operationIdFrom([instance._id, 'restart', 'lost']);
    await requireSameRequest(api.deps, {
      ...{ scope: `${instance._id}:restart`, key: 'lost', request: { requestedBy: 'customer', request: {} } },
    });
    await api.store.operations.insert({
      ...{ _id: operationId, instanceId: instance._id, accountId: instance.accountId },
      ...{ kind: 'restart', status: 'running', steps: [], createdAt: new Date() },
    });
    for (const _ of [1, 2]) expect((await api.call('POST', `${path}/restart`, { headers })).status).toBe(202);
    expect(await api.store.audit.of(instance._id)).toMatchObject([
      { action: 'request-restart', after: { operationId } },
    ]);
  });

  test('is refused with a key that came with another request before', async () => {
    const { owner, instance, path } = await delivered();
    const scope = `${instance._id}:restart`;
    await requireSameRequest(api.deps, {
      scope,
      key: 'taken',
      request: { requestedBy: 'customer', request: { now: 1 } },
    });
    const callsBefore = calls.length;
    const answer = await api.call('POST', `${path}/restart`, { headers: { ...owner.browser, ...once('taken') } });
    expect([answer.status, codeOf(answer)]).toEqual([409, 'idempotency_key_reused']);
    expect(calls).toHaveLength(callsBefore);
  });

  test('needs the key, the role and a server of the account', async () => {
    const { owner, path } = await delivered();
    const viewer = await join(api, owner.browser, `viewer-${newId.request()}@example.com`, ['viewer']);
    const stranger = await found(api);
    const post = async (headers: Record<string, string>) =>
      codeOf(await api.call('POST', `${path}/restart`, { headers }));
    expect(await post({ ...owner.browser })).toBe('idempotency_key_missing');
    expect(await post({ ...viewer.browser, ...once() })).toBe('not_allowed');
    expect(await post({ ...stranger.browser, ...once() })).toBe('not_found');
    expect(await post(once())).toBe('not_signed_in');
    expect(await post({ cookie: owner.browser.cookie, ...once() })).toBe('csrf_mismatch');
  });

  test.each([
    [new ReasonError('operation_running', 'op_1111111111111111'), 409, 'operation_running', 'op_1111111111111111'],
    [
      new ReasonError('server_not_ready', 'the instance is drifted'),
      409,
      'server_not_ready',
      'the instance is drifted',
    ],
    // The workflow of a deleted server has ended.
    [new ReasonError('not_found', 'its workflow has ended'), 409, 'server_not_ready', 'the instance is ready'],
    [new ReasonError('workflow_unreachable'), 503, 'workflow_unreachable', undefined],
  ])('hears why not: %s', async (refusal, status, code, detail) => {
    const { owner, instance, path } = await delivered();
    const refusing = notedWorkflows({ request: async () => Promise.reject(refusal) });
    const other = await startApi(api.databaseUri, { workflows: refusing.workflows });
    try {
      const answer = await other.call('POST', `${path}/restart`, { headers: { ...owner.browser, ...once() } });
      expect([answer.status, codeOf(answer), answer.body.detail]).toEqual([status, code, detail]);
      expect(await other.store.audit.of(instance._id)).toEqual([]);
    } finally {
      await other.close();
    }
  });

  test('reads on the server, on its operation and on its page what is being done, and when it is over', async () => {
    const { owner, record, instance, path } = await delivered();
    const operationId = newId.operation();
    const headers = { ...owner.browser };
    const step = { step: 'restart-machines' as const, status: 'running' as const, attempt: 1, startedAt: new Date() };
    await api.store.operations.insert({
      ...{ _id: operationId, instanceId: instance._id, accountId: instance.accountId },
      ...{ kind: 'restart', status: 'running', steps: [step], createdAt: new Date() },
    });
    const own = { id: operationId, kind: 'restart', status: 'running' };
    expect((await api.call('GET', path, { headers })).body).toMatchObject({ status: 'ready', operation: own });
    const operation = (await api.call('GET', `/v1/operations/${operationId}`, { headers })).body;
    expect(operation.steps).toMatchObject([
      { step: 'restart-machines', status: 'running', title: 'Restart the machines' },
      { step: 'await-healthy', status: 'pending', title: 'Wait for the server' },
    ]);
    expect(operation).not.toHaveProperty('orderId');
    const page = async () => (await api.call('GET', `/orders/${record._id}`, { headers })).body as string;
    expect(await page()).toMatch(
      /<h1>Your server is restarting<\/h1>[\s\S]*<h2>Restart the server[\s\S]*Restart the machines/,
    );

    await api.store.operations.setStatus(operationId, { status: 'needs_operator', reason: 'cloud_unavailable' });
    expect(await page()).toContain('<h1>A step needs our team</h1>');
    await api.store.operations.setStatus(operationId, { status: 'succeeded' });
    expect((await api.call('GET', path, { headers })).body.operation).toBeNull();
    expect(await page()).toMatch(/<h1>Your server is ready<\/h1>[\s\S]*Restart the server <span class="quiet">done/);
  });
});

test('an operator restarts any server, with or without a key', async () => {
  const { owner, instance } = await delivered();
  const path = `/v1/operator/instances/${instance._id}/restart`;
  const { status, body } = await api.call('POST', path, { headers: operator });
  expect([status, body.links.self]).toEqual([202, `http://127.0.0.1:8000/v1/operator/operations/${body.operationId}`]);
  expect(calls.at(-1)?.args[1]).toMatchObject({ kind: 'restart', requestedBy: 'operator' });
  const keyed = { headers: { ...operator, ...once('mine') } };
  expect((await api.call('POST', path, keyed)).body).toEqual((await api.call('POST', path, keyed)).body);
  expect((await api.call('POST', path, { headers: { ...owner.browser } })).status).toBe(401);
  expect(
    (await api.call('POST', '/v1/operator/instances/i0000000000000000/restart', { headers: operator })).status,
  ).toBe(404);
});

test('every operation that may be asked for has its routes, and no other', async () => {
  const declared = operations.flatMap(({ kind, requestedBy }) => [
    ...(requestedBy.includes('customer') ? [`/v1/instances/{id}/${kind}`] : []),
    ...(requestedBy.includes('operator') ? [`/v1/operator/instances/{id}/${kind}`] : []),
  ]);
  const isRequest = ({ method, path, answers }: (typeof allRoutes)[number]) =>
    method === 'post' && 202 in answers && /\/instances\/\{id\}\/[^/]+$/.test(path);
  const posted = allRoutes.filter(isRequest);
  expect(posted.map(({ path }) => path).sort()).toEqual(declared.sort());
  const document = (await api.call('GET', '/v1/openapi.json')).body;
  for (const path of declared) expect(document.paths[path].post.responses).toHaveProperty('202');
  const { description } = document.paths['/v1/instances/{id}/restart'].post;
  expect(description).toContain('Needs the role `admin` and an `Idempotency-Key`.');
});
