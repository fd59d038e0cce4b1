import { describe, expect, test } from '@jest/globals';
import { createJournal } from '../../../src/activities/lib/journal.ts';
import { beginUndo } from '../../../src/activities/records/end-order.ts';
import { holdHostname } from '../../../src/activities/records/hold-hostname.ts';
import { noteDecision, noteNeedsOperator, noteOperation } from '../../../src/activities/records/note-operation.ts';
import { provision } from '../../../src/contracts/operations/provision.ts';
import type { StepName } from '../../../src/contracts/steps.ts';
import { textsOf } from '../../../src/texts/texts.ts';
import { operatorToken, order, useApi } from '../../support/api.ts';
import { watchIncidents } from '../../support/incidents.ts';

const api = useApi();

const portsOf = () => ({
  ...watchIncidents(api.store),
  ...{ store: api.store, journal: createJournal(api.store), holdMs: 60_000 },
});

test('an operation whose first step never reached the database can be found and decided about all the same', async () => {
  const { record } = await order(api);
  const { instanceId, operationId } = record;
  const context = { instanceId, orderId: record._id, operationId, step: 'hold-hostname' as const, attempt: 1 };
  const ports = portsOf();

  await noteNeedsOperator(ports)(context, 'records_unreachable', 'the database was away');
  const waiting = { status: 'needs_operator', reason: 'records_unreachable' };
  expect(await api.store.operations.find(operationId)).toMatchObject({
    ...waiting,
    steps: [{ ...waiting, attempt: 1 }],
  });
  expect(await api.store.instances.find(instanceId)).toMatchObject({ status: 'provisioning' });

  // The first try ends after all, and changes nothing about the wait.
  await holdHostname(ports)(context);
  await ports.journal.note(context, { status: 'succeeded' });
  expect(await api.store.operations.find(operationId)).toMatchObject({
    ...waiting,
    steps: [{ ...waiting, attempt: 1 }],
  });

  const decision = { operationId, step: context.step, attempt: 1, operator: 'ada', why: 'it is back' };
  await noteDecision(ports)(context, { ...decision, action: 'retry' }, provision.kind);
  // The worker died before Temporal knew that it was written.
  await noteDecision(ports)(context, { ...decision, action: 'retry' }, provision.kind);
  await holdHostname(ports)({ ...context, attempt: 2 });
  expect(await api.store.operations.find(operationId)).toMatchObject({ status: 'running' });
  expect(await api.store.audit.of(operationId)).toMatchObject([
    { actor: 'operator:ada', action: 'operation-retry', why: 'it is back' },
  ]);
});

test('a step about which nobody decided has failed when the undo begins', async () => {
  const { record } = await order(api);
  const ref = { instanceId: record.instanceId, orderId: record._id, operationId: record.operationId };
  const ports = portsOf();
  await holdHostname(ports)({ ...ref, step: 'hold-hostname', attempt: 1 });
  await noteNeedsOperator(ports)({ ...ref, step: 'stack-up', attempt: 1 }, 'stack_failed', 'quota');
  // The worker died before Temporal knew that it was written.
  for (let times = 0; times < 2; times += 1) await beginUndo(ports)(ref, 'not_delivered');
  expect(await api.store.operations.find(ref.operationId)).toMatchObject({
    ...{ status: 'undoing', reason: 'not_delivered' },
    steps: [{ step: 'stack-up', status: 'failed', reason: 'not_delivered' }],
  });
  const lines = await api.store.timeline.page(ref.instanceId, 0, 100);
  expect(lines.filter((event) => event.type === 'step').map(({ status }) => status)).toEqual([
    'needs_operator',
    'failed',
  ]);
});

test('a step whose deadline passed waits with the cause that it saw last, for the command, the API and the incident', async () => {
  const { record } = await order(api);
  const ref = { instanceId: record.instanceId, orderId: record._id, operationId: record.operationId };
  const ports = portsOf();
  const context = { ...ref, step: 'await-healthy' as const, attempt: 1 };
  await holdHostname(ports)({ ...ref, step: 'hold-hostname', attempt: 1 });
  await ports.journal.note(context, { status: 'retrying', reason: 'dns_unresolved', detail: 'phase DNS: no record' });
  await ports.journal.note(context, {
    status: 'retrying',
    reason: 'host_starting',
    detail: 'phase process: status 503',
  });
  // Twice: the worker died before Temporal knew.
  for (let times = 0; times < 2; times += 1) {
    const general = textsOf('en').reasons.host_unhealthy.operator;
    expect(await noteNeedsOperator(ports)(context, 'host_unhealthy', general)).toBe(
      'host_starting: phase process: status 503',
    );
  }
  const { body } = await api.call('GET', `/v1/operator/operations/${ref.operationId}`, {
    headers: { authorization: `Bearer ${operatorToken}` },
  });
  const cause = { reason: 'host_unhealthy', detail: 'host_starting: phase process: status 503' };
  expect(body.operation.waiting).toMatchObject(cause);
  expect((await api.store.incidents.newest({ isOpen: true }, { limit: 10 })).items).toContainEqual(
    expect.objectContaining({ ...cause, operationId: ref.operationId, severity: 'critical' }),
  );
  expect(ports.told).toHaveLength(1);
});

describe('two undo steps wait for an operator at once', () => {
  async function bothWait() {
    const { record } = await order(api);
    const ref = { instanceId: record.instanceId, orderId: record._id, operationId: record.operationId };
    const ports = portsOf();
    const at = (step: StepName, attempt = 1) => ({ ...ref, step, attempt });
    await holdHostname(ports)(at('hold-hostname'));
    await beginUndo(ports)(ref, 'not_delivered');
    await noteNeedsOperator(ports)(at('settle-money'), 'refund_failed', 'refused');
    await noteNeedsOperator(ports)(at('destroy-stack'), 'orphan_cleanup', 'the cloud is away');
    const status = async () => (await api.store.operations.find(ref.operationId))?.status;
    return { ports, place: ref, at, status };
  }

  test('it waits until the last of them goes on by itself', async () => {
    const { ports, place: ref, at, status } = await bothWait();
    await noteOperation(ports)(ref, {
      ...{ kind: provision.kind, status: 'undoing' },
      goesOn: { step: 'settle-money', attempt: 1 },
    });
    expect(await status()).toBe('needs_operator');
    await ports.journal.note(at('settle-money', 2), { status: 'running' });
    // It succeeded while an operator was asked about it.
    await ports.journal.note(at('destroy-stack'), { status: 'succeeded' });
    expect(await status()).toBe('undoing');
    const lines = await api.store.timeline.page(ref.instanceId, 0, 100);
    expect(lines.filter((event) => event.type === 'operation' && event.status === 'undoing')).toHaveLength(1);
  });

  test('one that succeeds while an operator is about to be asked waits for nobody', async () => {
    const { ports, at, status } = await bothWait();
    const { operationId } = at('settle-money');
    await ports.journal.note(at('settle-money'), { status: 'succeeded' });
    await ports.journal.note(at('destroy-stack'), { status: 'succeeded' });
    expect(await status()).toBe('undoing');
    await noteNeedsOperator(ports)(at('destroy-stack'), 'orphan_cleanup', 'the cloud is away');
    expect(await status()).toBe('undoing');
    const steps = (await api.store.operations.find(operationId))?.steps.filter(({ step }) => step === 'destroy-stack');
    expect(steps).toMatchObject([{ status: 'succeeded' }]);
    const { items } = await api.store.incidents.newest({ isOpen: true }, { limit: 100 });
    expect(items.filter((incident) => incident.operationId === operationId)).toEqual([]);
  });

  test('it waits until an operator has decided about the last of them', async () => {
    const { ports, at, status } = await bothWait();
    const decide = (step: StepName) =>
      noteDecision(ports)(
        at(step),
        {
          ...{ operationId: at(step).operationId, step, attempt: 1, operator: 'ada', why: 'mended' },
          action: 'retry',
        },
        provision.kind,
      );
    await decide('destroy-stack');
    expect(await status()).toBe('needs_operator');
    await decide('settle-money');
    expect(await status()).toBe('undoing');
  });
});
