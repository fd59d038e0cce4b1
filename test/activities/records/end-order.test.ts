import { expect, test } from '@jest/globals';
import { createJournal } from '../../../src/activities/lib/journal.ts';
import { beginUndo, endOrder, startCancelling } from '../../../src/activities/records/end-order.ts';
import { holdHostname } from '../../../src/activities/records/hold-hostname.ts';
import { markReady } from '../../../src/activities/records/mark-ready.ts';
import { noteDecision } from '../../../src/activities/records/note-operation.ts';
import { provision } from '../../../src/contracts/operations/provision.ts';
import type { StepContext } from '../../../src/contracts/workflow-messages.ts';
import type { OrderRecord } from '../../../src/store/records.ts';
import { order, useApi } from '../../support/api.ts';
import { watchIncidents } from '../../support/incidents.ts';

const api = useApi();

const ports = () => ({
  ...watchIncidents(api.store),
  store: api.store,
  journal: createJournal(api.store),
  holdMs: 60_000,
});
const readyPorts = () => ({ store: api.store, startSubscription: async () => {} });
const refOf = ({ _id, instanceId, operationId }: OrderRecord) => ({ instanceId, orderId: _id, operationId });
const contextOf = (record: OrderRecord, step: StepContext['step']): StepContext => ({
  ...refOf(record),
  step,
  attempt: 1,
});
const lines = async ({ instanceId }: OrderRecord) =>
  (await api.store.timeline.page(instanceId, 0, 100)).flatMap((event) => {
    if (event.type === 'order') return [event.state];
    return event.type === 'instance' ? [`instance ${event.status}`] : [];
  });

async function begun(): Promise<OrderRecord> {
  const { record } = await order(api);
  await holdHostname(ports())(contextOf(record, 'hold-hostname'));
  return record;
}

test('a change by a worker that died is on the timeline after the next run, once', async () => {
  const record = await begun();
  const { orders } = api.store;
  await orders.move(record._id, { to: 'fulfilling' });
  await orders.move(record._id, { to: 'fulfilled' });
  await markReady(readyPorts())(contextOf(record, 'mark-ready'));
  await markReady(readyPorts())(contextOf(record, 'mark-ready'));
  expect(await lines(record)).toEqual(['instance provisioning', 'instance ready', 'fulfilled']);

  const other = await begun();
  await orders.move(other._id, { to: 'cancelling', reason: 'payment_expired' });
  expect(await startCancelling(ports())(refOf(other), 'cancelled_by_customer')).toBe('cancelling');
  expect(await beginUndo(ports())(refOf(other), 'cancelled_by_operator')).toBe('payment_expired');
  await orders.move(other._id, { to: 'expired', reason: 'payment_expired' });
  await endOrder(ports())(refOf(other), 'payment_expired');
  await endOrder(ports())(refOf(other), 'payment_expired');
  expect(await lines(other)).toEqual(['instance provisioning', 'cancelling', 'expired']);
});

test('nothing undoes a server that was handed over', async () => {
  const record = await begun();
  await api.store.orders.move(record._id, { to: 'fulfilling' });
  await markReady(readyPorts())(contextOf(record, 'mark-ready'));
  await expect(beginUndo(ports())(refOf(record), 'not_delivered')).rejects.toMatchObject({ code: 'already_ready' });
  expect(await api.store.instances.find(record.instanceId)).toMatchObject({ status: 'ready' });
});

test('an order that was cancelled before its first step runs no step', async () => {
  const { record } = await order(api);
  await startCancelling(ports())(refOf(record), 'cancelled_by_customer');
  await expect(holdHostname(ports())(contextOf(record, 'hold-hostname'))).rejects.toMatchObject({
    code: 'cancelled_by_customer',
  });
});

test('a read that ends after its step was given up does not make it wait again', async () => {
  const record = await begun();
  const waiting = contextOf(record, 'await-payment');
  await createJournal(api.store).note(waiting, { status: 'running' });
  await beginUndo(ports())(refOf(record), 'cancelled_by_customer');
  await createJournal(api.store).note(waiting, { status: 'waiting', reason: 'not_paid_yet' });
  const operation = await api.store.operations.find(record.operationId);
  expect(operation?.steps.find(({ step }) => step === 'await-payment')?.status).toBe('stopped');
  const events = await api.store.timeline.page(record.instanceId, 0, 100);
  expect(events.filter((event) => event.type === 'step' && event.status === 'waiting')).toEqual([]);
});

test("an operator's words are for the audit log, never for the timeline that customers read", async () => {
  const record = await begun();
  const context = contextOf(record, 'send-mail');
  const why = 'told by phone, +49 30 123456';
  const decision = { operationId: record.operationId, step: context.step, attempt: 1, operator: 'ada', why };
  await noteDecision(ports())(context, { ...decision, action: 'skip' }, provision.kind);
  expect(JSON.stringify(await api.store.timeline.page(record.instanceId, 0, 100))).not.toContain('phone');
  expect(await api.store.audit.of(record.operationId)).toMatchObject([{ actor: 'operator:ada', why }]);
});
