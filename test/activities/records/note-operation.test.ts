import { expect, test } from '@jest/globals';
import { createJournal } from '../../../src/activities/lib/journal.ts';
import { holdHostname } from '../../../src/activities/records/hold-hostname.ts';
import { noteDecision, noteNeedsOperator } from '../../../src/activities/records/note-operation.ts';
import { order, useApi } from '../../support/api.ts';

const api = useApi();

test('an operation whose first step never reached the database can be found and decided about all the same', async () => {
  const { record } = await order(api);
  const { instanceId, operationId } = record;
  const context = { instanceId, orderId: record._id, operationId, step: 'hold-hostname' as const, attempt: 1 };
  const ports = { store: api.store, journal: createJournal(api.store), holdMs: 60_000 };

  await noteNeedsOperator(ports)(context, 'records_unreachable', 'the database was away');
  const waiting = { status: 'needs_operator', reason: 'records_unreachable' };
  expect(await api.store.operations.find(operationId)).toMatchObject({
    ...waiting,
    steps: [{ ...waiting, attempt: 1 }],
  });
  expect(await api.store.instances.find(instanceId)).toMatchObject({ status: 'provisioning' });

  // The first try comes to its end after all, and changes nothing about the wait.
  await holdHostname(ports)(context);
  await ports.journal.note(context, { status: 'succeeded' });
  expect(await api.store.operations.find(operationId)).toMatchObject({
    ...waiting,
    steps: [{ ...waiting, attempt: 1 }],
  });

  const decision = { operationId, step: context.step, attempt: 1, operator: 'ada', why: 'it is back' };
  await noteDecision(ports)(context, { ...decision, action: 'retry' });
  // Its worker died before Temporal knew that it was written.
  await noteDecision(ports)(context, { ...decision, action: 'retry' });
  await holdHostname(ports)({ ...context, attempt: 2 });
  expect(await api.store.operations.find(operationId)).toMatchObject({ status: 'running' });
  expect(await api.store.audit.of(operationId)).toMatchObject([
    { actor: 'operator:ada', action: 'operation-retry', why: 'it is back' },
  ]);
});
