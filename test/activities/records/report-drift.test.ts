import { expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createJournal } from '../../../src/activities/lib/journal.ts';
import { noteDecision, noteOperation } from '../../../src/activities/records/note-operation.ts';
import { endBroken, openOperation } from '../../../src/activities/records/open-operation.ts';
import { reportDrift } from '../../../src/activities/records/report-drift.ts';
import type { Difference, JudgedDrift } from '../../../src/contracts/drift.ts';
import { checkDrift } from '../../../src/contracts/operations/check-drift.ts';
import { newId } from '../../../src/runtime/new-id.ts';
import { useApi } from '../../support/api.ts';
import { watchIncidents } from '../../support/incidents.ts';
import { instanceRecord } from '../../support/instance-record.ts';

const api = useApi();
const hostGone: Difference = { name: 'host-node-1-m1', id: 'h-1', change: 'missing', properties: [], protected: false };
const repairable: JudgedDrift = {
  ...{ differences: [hostGone], requiredVolumeIds: ['vol-1'] },
  ...{ verdict: 'repairable', reason: 'server_drifted' },
};
const volumeGone: JudgedDrift = {
  ...{ differences: [{ ...hostGone, name: 'volume-node-1', id: 'vol-1', protected: true }], requiredVolumeIds: [] },
  ...{ verdict: 'needs_person', reason: 'volume_gone' },
};

/** A delivered server with a check that has begun. */
async function checked() {
  const instance = instanceRecord({ status: 'ready' });
  await api.store.instances.insert(instance);
  const ref = { instanceId: instance._id, operationId: newId.operation() };
  const ports = { ...watchIncidents(api.store), store: api.store, journal: createJournal(api.store), holdMs: 60_000 };
  // The worker may die before Temporal knows that it was written.
  for (let times = 0; times < 2; times += 1) {
    await openOperation(ports)(ref, { kind: 'check-drift', accountId: instance.accountId });
  }
  const context = { ...ref, step: 'report-drift' as const, attempt: 1 };
  return {
    ...{ place: ref, ports, context },
    report: (drift: JudgedDrift, attempt = 1) =>
      new MockActivityEnvironment({ attempt }).run(reportDrift(ports), context, drift),
    status: async () => (await api.store.instances.find(instance._id))?.status,
    operation: () => api.store.operations.find(ref.operationId),
    events: () => api.store.timeline.page(ref.instanceId, 0, 100),
  };
}

test('an incident is on the timeline once, with its reason and differences, and ends with the server ready', async () => {
  const { place: ref, ports, report, status, operation, events } = await checked();
  await report(repairable);
  await report(repairable, 2);
  expect(await status()).toBe('drifted');
  expect(await operation()).toMatchObject({
    ...{ kind: 'check-drift', status: 'running', reason: 'server_drifted' },
    found: [expect.stringContaining('missing')],
  });
  await noteOperation(ports)(ref, { kind: checkDrift.kind, status: 'succeeded', instanceStatus: 'ready' });
  expect(await status()).toBe('ready');
  expect(await events()).toMatchObject([
    { type: 'instance', status: 'drifted' },
    { type: 'operation', kind: 'check-drift', status: 'running', reason: 'server_drifted' },
    { type: 'log', severity: 'warning', text: 'The machine of node-1-m1 is gone at the cloud.' },
    { type: 'instance', status: 'ready' },
    { type: 'operation', kind: 'check-drift', status: 'succeeded' },
  ]);
});

test('where a volume is gone the step fails for good, with a detail for operators; an abort undoes nothing', async () => {
  const { ports, context, place: ref, report, status, operation } = await checked();
  await expect(report(volumeGone)).rejects.toMatchObject({
    ...{ code: 'volume_gone', detail: 'volume-node-1 (vol-1) missing' },
  });
  expect(await status()).toBe('drifted');
  await api.store.operations.setStatus(ref.operationId, { status: 'needs_operator', reason: 'volume_gone' });
  const decision = { operationId: ref.operationId, step: context.step, attempt: 1, operator: 'ada', why: 'by hand' };
  await noteDecision(ports)(context, { ...decision, action: 'abort' }, checkDrift.kind);
  expect(await operation()).toMatchObject({ status: 'running' });
});

test('a check without a finding reports nothing, and a broken check is ended once', async () => {
  const { place: ref, ports, report, status, operation, events } = await checked();
  await report({ verdict: 'none', differences: [], requiredVolumeIds: [] });
  expect(await status()).toBe('ready');
  for (let times = 0; times < 2; times += 1) await endBroken(ports)(ref);
  expect(await operation()).toMatchObject({ status: 'failed', reason: 'internal' });
  expect(await events()).toMatchObject([{ type: 'operation', kind: 'check-drift', status: 'failed' }]);
  await endBroken(ports)({ ...ref, operationId: newId.operation() });
  expect(await events()).toHaveLength(1);
});
