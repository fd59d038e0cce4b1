import { describe, expect, test } from '@jest/globals';
import { createJournal } from '../../src/activities/lib/journal.ts';
import { noteDecision } from '../../src/activities/records/note-operation.ts';
import { requireSameRequest } from '../../src/api/operations/require-same-request.ts';
import { ReasonError } from '../../src/contracts/reasons.ts';
import { newId } from '../../src/runtime/new-id.ts';
import type { OrderRecord } from '../../src/store/records.ts';
import { codeOf, notedWorkflows, operatorToken, order, signIn, startApi, useApi } from '../support/api.ts';
import { watchIncidents } from '../support/incidents.ts';
import { until } from '../support/until.ts';

const { workflows, calls } = notedWorkflows();
const bearer = { authorization: `Bearer ${operatorToken}` };

const api = useApi({ workflows });

async function waitingOperation(): Promise<OrderRecord> {
  const { record } = await order(api);
  await api.store.operations.insert({
    _id: record.operationId,
    instanceId: record.instanceId,
    orderId: record._id,
    accountId: record.accountId,
    kind: 'provision',
    status: 'needs_operator',
    reason: 'stack_failed',
    steps: [
      { step: 'hold-hostname', status: 'succeeded', attempt: 1, startedAt: new Date(), endedAt: new Date() },
      { step: 'stack-up', status: 'needs_operator', attempt: 2, startedAt: new Date(), reason: 'stack_failed' },
    ],
    createdAt: new Date(),
  });
  return record;
}

const decide = (id: string, action: string, body: unknown, headers: Record<string, string> = bearer) =>
  api.call('POST', `/v1/operator/operations/${id}/${action}`, { body, headers });

describe('an operator', () => {
  test('lists orders with their objects at Stripe and their workflow', async () => {
    const { record } = await order(api);
    await until(async () => (await api.store.orders.find(record._id))?.startedAt);
    await api.store.orders.setPayment(record._id, { customerId: 'cus_1', subscriptionId: 'sub_1', invoiceId: 'in_1' });
    const { body } = await api.call('GET', '/v1/operator/orders?state=awaiting_payment', { headers: bearer });
    const listed = body.items.find(({ id }: { id: string }) => id === record._id);
    expect(listed).toMatchObject({
      accountId: record.accountId,
      started: true,
      stripe: { subscriptionId: 'sub_1' },
      workflowId: `instance/${record.instanceId}`,
    });
    expect(JSON.stringify(listed)).not.toMatch(/capability|holdToken/);
    const one = await api.call('GET', `/v1/operator/orders/${record._id}`, { headers: bearer });
    expect(one.body.id).toBe(record._id);
    expect((await api.call('GET', '/v1/operator/orders?state=odd', { headers: bearer })).status).toBe(422);
    expect((await api.call('GET', '/v1/operator/orders?state[$ne]=x', { headers: bearer })).status).toBe(200);
  });

  test('finds what waits, and acts on exactly this step and attempt', async () => {
    const record = await waitingOperation();
    const list = await api.call('GET', '/v1/operator/operations?status=needs_operator', { headers: bearer });
    const found = list.body.items.find(({ id }: { id: string }) => id === record.operationId);
    expect(found.waiting).toEqual({
      ...{ step: 'stack-up', attempt: 2, reason: 'stack_failed', decisions: ['retry', 'abort'] },
      ...{ customer: expect.any(String), operator: expect.any(String), next: expect.any(String) },
    });

    const body = { step: 'stack-up', attempt: 2, why: 'the quota was raised' };
    const answer = await decide(record.operationId, 'retry', body, { ...bearer, 'idempotency-key': 'again' });
    expect(answer.status).toBe(202);
    expect(calls.findLast(({ call }) => call === 'decide')?.args).toEqual([
      record.instanceId,
      {
        action: 'retry',
        request: { operationId: record.operationId, operator: 'bootstrap', ...body },
        updateId: 'again',
      },
    ]);
    const one = await api.call('GET', `/v1/operator/operations/${record.operationId}`, { headers: bearer });
    expect(one.body.audit).toMatchObject([
      { actor: 'operator:bootstrap', action: 'request-retry', why: 'the quota was raised' },
    ]);
  });

  test('is refused with a key that came with another decision, which would answer for this one', async () => {
    const record = await waitingOperation();
    const headers = { ...bearer, 'idempotency-key': 'one-key' };
    const body = { step: 'stack-up', attempt: 2, why: 'try again' };
    expect((await decide(record.operationId, 'retry', body, headers)).status).toBe(202);
    expect((await decide(record.operationId, 'retry', body, headers)).status).toBe(202);
    const abort = await decide(record.operationId, 'abort', body, headers);
    expect([abort.status, codeOf(abort)]).toEqual([409, 'idempotency_key_reused']);
    const other = await decide(record.operationId, 'retry', { ...body, why: 'other' }, headers);
    expect(codeOf(other)).toBe('idempotency_key_reused');
    const cancel = { headers, body: { why: 'asked by mail' } };
    const cancelled = await api.call('POST', `/v1/operator/orders/${record._id}/cancel`, cancel);
    expect([cancelled.status, codeOf(cancelled)]).toEqual([409, 'idempotency_key_reused']);
    expect(calls.findLast(({ call }) => call === 'decide')?.args[1]).toMatchObject({ action: 'retry' });
  });

  test('whose answer was lost is answered the same when they repeat their decision, and it is in the audit log', async () => {
    const record = await waitingOperation();
    const { operationId, instanceId } = record;
    const body = { step: 'stack-up' as const, attempt: 2, why: 'the quota was raised' };
    // The workflow uses the decision, and the step goes on, before Temporal's answer is lost.
    const { workflows: losing } = notedWorkflows({
      decide: async () => {
        const decision = { ...body, operationId, operator: 'bootstrap', action: 'retry' as const };
        const journal = createJournal(api.store);
        const ports = { store: api.store, journal, holdMs: 60_000, ...watchIncidents(api.store) };
        const context = { instanceId, operationId, orderId: record._id, step: body.step, attempt: 2 };
        await noteDecision(ports)(context, decision, 'provision');
        throw new ReasonError('workflow_unreachable');
      },
    });
    const headers = { ...bearer, 'idempotency-key': 'lost' };
    const cut = await startApi(api.databaseUri, { workflows: losing });
    try {
      const lost = await cut.call('POST', `/v1/operator/operations/${operationId}/retry`, { body, headers });
      expect([lost.status, codeOf(lost)]).toEqual([503, 'workflow_unreachable']);
    } finally {
      await cut.close();
    }
    const asked = calls.length;
    expect((await decide(operationId, 'retry', body, headers)).status).toBe(202);
    expect((await decide(operationId, 'retry', body, headers)).status).toBe(202);
    expect(calls.slice(asked)).toEqual([]);
    const actor = 'operator:bootstrap';
    expect(await api.store.audit.of(operationId)).toMatchObject([
      { actor, action: 'operation-retry', why: body.why },
      { actor, action: 'request-retry', why: body.why },
    ]);
    // With another key it is another decision.
    const other = await decide(operationId, 'retry', body, { ...bearer, 'idempotency-key': 'other' });
    expect(codeOf(other)).toBe('step_not_waiting');
  });

  test('whose answer to a cancel was lost is answered with the cancelled order when they repeat it', async () => {
    const { record } = await order(api);
    const { workflows: losing } = notedWorkflows({
      cancel: async () => {
        await api.store.orders.move(record._id, { to: 'cancelling', reason: 'cancelled_by_operator' });
        throw new ReasonError('workflow_unreachable');
      },
    });
    const asked = { headers: { ...bearer, 'idempotency-key': 'lost' }, body: { why: 'asked by mail' } };
    const path = `/v1/operator/orders/${record._id}/cancel`;
    const cut = await startApi(api.databaseUri, { workflows: losing });
    try {
      expect(codeOf(await cut.call('POST', path, asked))).toBe('workflow_unreachable');
    } finally {
      await cut.close();
    }
    await api.store.orders.move(record._id, { to: 'cancelled' });
    const again = await api.call('POST', path, asked);
    expect([again.status, again.body.state]).toEqual([202, 'cancelled']);
    expect(codeOf(await api.call('POST', path, { ...asked, headers: bearer }))).toBe('already_ended');
    expect(await api.store.audit.of(record._id)).toMatchObject([{ action: 'cancel-order', why: 'asked by mail' }]);
  });

  test('whose cancel was accepted by a process that died before it was audited is in the audit log after the repeat', async () => {
    const { record } = await order(api);
    const key = 'died';
    const request = { action: 'cancel', orderId: record._id };
    await requireSameRequest(api.deps, { scope: record.instanceId, key, request });
    await api.store.orders.move(record._id, { to: 'cancelling', reason: 'cancelled_by_operator' });
    const asked = { headers: { ...bearer, 'idempotency-key': key }, body: { why: 'asked by mail' } };
    for (const _ of [1, 2]) {
      expect((await api.call('POST', `/v1/operator/orders/${record._id}/cancel`, asked)).status).toBe(202);
    }
    expect(await api.store.audit.of(record._id)).toMatchObject([{ action: 'cancel-order', why: 'asked by mail' }]);
  });

  test('is told when the step does not wait, and when there is no such operation', async () => {
    const record = await waitingOperation();
    const why = 'why not';
    expect(codeOf(await decide(record.operationId, 'skip', { step: 'stack-up', attempt: 1, why }))).toBe(
      'step_not_waiting',
    );
    expect(codeOf(await decide(record.operationId, 'abort', { step: 'send-mail', attempt: 1, why }))).toBe(
      'step_not_waiting',
    );
    expect((await decide('op_0000000000000000', 'retry', { step: 'stack-up', attempt: 1, why })).status).toBe(404);
    expect(codeOf(await decide(record.operationId, 'retry', { step: 'stack-up', attempt: 2 }))).toBe('invalid_request');
    expect(codeOf(await decide(record.operationId, 'retry', { step: 'stack-up', attempt: 2, why: ' ' }))).toBe(
      'invalid_request',
    );
  });

  test('hears the refusal of the workflow in its own words', async () => {
    const refusing = notedWorkflows({
      decide: async () => Promise.reject(new ReasonError('step_not_skippable', 'step stack-up')),
    });
    const other = await startApi(api.databaseUri, { workflows: refusing.workflows });
    try {
      const record = await waitingOperation();
      const answer = await other.call('POST', `/v1/operator/operations/${record.operationId}/skip`, {
        body: { step: 'stack-up', attempt: 2, why: 'in a hurry' },
        headers: bearer,
      });
      expect([answer.status, codeOf(answer), answer.body.detail]).toEqual([409, 'step_not_skippable', 'step stack-up']);
      expect(await other.store.audit.of(record.operationId)).toEqual([]);
    } finally {
      await other.close();
    }
  });
});

test('a search prints 20 of a kind, the newest, and says of which kinds more matched', async () => {
  const { record } = await order(api, { billingEmail: 'many@example.com' });
  const find = async (text: string) =>
    (await api.call('POST', '/v1/operator/find', { headers: bearer, body: { text } })).body;
  expect((await find('many@example.com')).more).toEqual([]);
  for (let at = 1; at <= 20; at += 1) {
    await api.store.orders.insert({
      ...{ ...record, _id: newId.order(), instanceId: newId.instance(), quoteId: newId.quote() },
      ...{ idempotencyKey: `many-${at}`, createdAt: new Date(Date.now() + at * 1_000) },
    });
  }
  const { orders, more } = await find('many@example.com');
  expect(more).toEqual(['orders']);
  expect(orders).toHaveLength(20);
  expect(orders.map(({ id }: { id: string }) => id)).not.toContain(record._id);
});

test('nobody but an operator comes in', async () => {
  const member = await signIn(api, 'member@example.com');
  const customer = await order(api);
  const paths = ['/v1/operator/orders', '/v1/operator/instances', '/v1/operator/operations'];
  const wrong: Record<string, string>[] = [
    {},
    member,
    customer.bearer,
    { authorization: 'Bearer wrong' },
    { authorization: `Basic ${operatorToken}` },
    { authorization: operatorToken },
  ];
  for (const path of paths) {
    for (const headers of wrong) expect((await api.call('GET', path, { headers })).status).toBe(401);
    expect((await api.call('GET', path, { headers: bearer })).status).toBe(200);
  }
  const { operationId } = await waitingOperation();
  for (const action of ['retry', 'skip', 'abort']) {
    const body = { step: 'stack-up', attempt: 2, why: 'not mine' };
    expect((await decide(operationId, action, body, member)).status).toBe(401);
  }
});
