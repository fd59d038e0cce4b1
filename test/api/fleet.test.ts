import { describe, expect, test } from '@jest/globals';
import type { Mismatch, ReconcileReport } from '../../src/contracts/fleet.ts';
import { textsOf } from '../../src/texts/texts.ts';
import { codeOf, notedWorkflows, operatorToken, useApi } from '../support/api.ts';
import { instanceRecord } from '../support/instance-record.ts';

const { reasons: reasonTexts } = textsOf('en');

const mismatch: Mismatch = { kind: 'host_gone', subject: 'host-1', instanceId: 'i0123456789abcdef', repair: null };
const report: ReconcileReport = {
  repair: false,
  compared: 3,
  inMotion: 0,
  found: 1,
  repaired: 0,
  mismatches: [mismatch],
  unread: ['payments'],
};
let answer: ReconcileReport | null = null;
const { workflows, calls } = notedWorkflows({ reconcileReport: async () => answer });
const headers = { authorization: `Bearer ${operatorToken}` };

const api = useApi({ workflows });

describe('an operator', () => {
  test('has the systems compared, dry unless asked otherwise, and reads what was found', async () => {
    const begun = await api.call('POST', '/v1/operator/reconcile', { body: {}, headers });
    expect([begun.status, begun.body.done]).toEqual([202, false]);
    expect(calls.at(-1)).toEqual({ call: 'startReconcile', args: [begun.body.id, { repair: false, orphans: false }] });
    const path = `/v1/operator/reconcile/${begun.body.id}`;
    expect((await api.call('GET', path, { headers })).body).toMatchObject({ done: false, report: null });
    answer = report;
    const { body } = await api.call('GET', path, { headers });
    expect(body.report).toEqual({
      ...report,
      mismatches: [{ ...mismatch, meaning: reasonTexts.host_gone.operator, proposal: reasonTexts.host_gone.next }],
    });
    const repairing = await api.call('POST', '/v1/operator/reconcile', { body: { repair: true }, headers });
    expect(await api.store.audit.of(repairing.body.id)).toMatchObject([
      { actor: 'operator:bootstrap', action: 'request-reconcile', after: { repair: true, orphans: false } },
    ]);
  });

  test('lists, shows and closes tickets, with an audit entry', async () => {
    await api.store.tickets.note(mismatch, new Date());
    await api.store.tickets.note({ ...mismatch, subject: 'host-2' }, new Date());
    const list = await api.call('GET', '/v1/operator/tickets?state=open&kind=host_gone', { headers });
    expect(list.body.items).toHaveLength(2);
    const [{ id }] = list.body.items;
    expect((await api.call('GET', '/v1/operator/tickets?state=odd', { headers })).status).toBe(422);
    const close = (body: unknown) => api.call('POST', `/v1/operator/tickets/${id}/close`, { body, headers });
    expect((await close({ why: ' ' })).status).toBe(422);
    expect((await close({ why: 'the customer moved' })).body).toMatchObject({ state: 'closed' });
    expect(codeOf(await close({ why: 'again' }))).toBe('already_closed');
    const shown = await api.call('GET', `/v1/operator/tickets/${id}`, { headers });
    expect(shown.body).toMatchObject({
      ticket: { id, state: 'closed', closedBy: 'operator:bootstrap' },
      audit: [{ action: 'close', why: 'the customer moved', before: { state: 'open' } }],
    });
    expect((await api.call('GET', '/v1/operator/tickets?state=closed', { headers })).body.items).toHaveLength(1);
    expect((await api.call('GET', '/v1/operator/tickets/tic_0000000000000000', { headers })).status).toBe(404);
  });
});

describe('a check of drift', () => {
  test('is asked for by an operator, with an audit entry, and names the operation that does it', async () => {
    const instance = instanceRecord();
    await api.store.instances.insert(instance);
    const path = `/v1/operator/instances/${instance._id}/check-drift`;
    expect((await api.call('POST', path)).status).toBe(401);
    const { status, body } = await api.call('POST', path, { headers });
    const operationId = 'op_0000000000000000';
    const links = {
      self: `http://127.0.0.1:8000/v1/operator/operations/${operationId}`,
      page: `http://127.0.0.1:8000/orders/${instance.orderId}`,
    };
    expect([status, body]).toEqual([202, { instanceId: instance._id, operationId, links }]);
    expect(calls.at(-1)).toEqual({
      call: 'request',
      args: [
        instance._id,
        { kind: 'check-drift', operationId: expect.stringMatching(/^op_/), requestedBy: 'operator' },
      ],
    });
    expect(await api.store.audit.of(instance._id)).toMatchObject([
      { actor: 'operator:bootstrap', action: 'request-check-drift', after: { operationId: 'op_0000000000000000' } },
    ]);
    expect((await api.call('POST', '/v1/operator/instances/i0000000000000000/check-drift', { headers })).status).toBe(
      404,
    );
  });
});

test('nobody else comes in', async () => {
  for (const path of ['/v1/operator/tickets', '/v1/operator/reconcile/rec_0000000000000000']) {
    expect((await api.call('GET', path)).status).toBe(401);
  }
  expect((await api.call('POST', '/v1/operator/reconcile', { body: { repair: true } })).status).toBe(401);
  const close = { body: { why: 'not mine' } };
  expect((await api.call('POST', '/v1/operator/tickets/tic_0000000000000000/close', close)).status).toBe(401);
});
