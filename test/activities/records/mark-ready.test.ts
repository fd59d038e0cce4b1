import { expect, test } from '@jest/globals';
import { createJournal } from '../../../src/activities/lib/journal.ts';
import { holdHostname } from '../../../src/activities/records/hold-hostname.ts';
import { markReady } from '../../../src/activities/records/mark-ready.ts';
import type { StepContext } from '../../../src/contracts/workflow-messages.ts';
import { order, useApi } from '../../support/api.ts';

const api = useApi();

/** A paid order whose server is built, with the ports of its steps. */
async function built() {
  const { record } = await order(api);
  const { _id: orderId, instanceId, operationId } = record;
  const context: StepContext = { instanceId, orderId, operationId, step: 'mark-ready', attempt: 1 };
  const ports = { store: api.store, journal: createJournal(api.store), holdMs: 60_000 };
  await holdHostname(ports)({ ...context, step: 'hold-hostname' });
  await api.store.orders.move(orderId, { to: 'fulfilling' });
  return { context, ports };
}

test('the step hands over once, and says until when the server is paid', async () => {
  const { context, ports } = await built();
  const paidUntil = new Date('2027-01-31T10:00:00.000Z');
  await api.store.instances.update(context.instanceId, { paidUntil });
  expect(await markReady(ports)(context)).toBe(paidUntil.toISOString());
  expect(await markReady(ports)(context)).toBe(paidUntil.toISOString());
  expect(await api.store.instances.find(context.instanceId)).toMatchObject({ status: 'ready', standing: 'current' });
});

test('what is paid for good has no such time', async () => {
  const { context, ports } = await built();
  expect(await markReady(ports)(context)).toBeUndefined();
});
