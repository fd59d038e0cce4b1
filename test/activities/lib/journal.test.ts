import { beforeAll, expect, test } from '@jest/globals';
import { createJournal } from '../../../src/activities/lib/journal.ts';
import type { StepContext } from '../../../src/contracts/workflow-messages.ts';
import { newId } from '../../../src/runtime/new-id.ts';
import { useStore } from '../../support/store.ts';

let context: StepContext;

const store = useStore();
beforeAll(async () => {
  context = {
    instanceId: newId.instance(),
    orderId: newId.order(),
    operationId: newId.operation(),
    step: 'stack-up',
    attempt: 1,
  };
  const { operationId: _id, instanceId, orderId } = context;
  const createdAt = new Date();
  await store.operations.insert({
    ...{ _id, instanceId, orderId, accountId: 'acc_1', kind: 'provision', status: 'running', steps: [], createdAt },
  });
});

test('an end recorded by another process keeps the start time, and is recorded once', async () => {
  const [provision, control] = [createJournal(store), createJournal(store)];
  await provision.note(context, { status: 'running' });
  const begun = (await store.operations.find(context.operationId))!.steps[0]!.startedAt!;
  while (Date.now() <= begun.getTime()) await new Promise(setImmediate);
  await control.note(context, { status: 'failed', reason: 'cancelled_by_customer' });
  await provision.note(context, { status: 'failed', reason: 'cancelled_by_customer' });

  const [step] = (await store.operations.find(context.operationId))!.steps;
  expect(step).toMatchObject({ status: 'failed', startedAt: begun });
  const events = await store.timeline.page(context.instanceId, 0, 10);
  const took = step!.endedAt!.getTime() - begun.getTime();
  expect(events).toMatchObject([{ status: 'running' }, { status: 'failed', tookMs: expect.any(Number) }]);
  expect((events[1] as { tookMs: number }).tookMs).toBeGreaterThan(0);
  expect((events[1] as { tookMs: number }).tookMs).toBeLessThanOrEqual(took);
});

test('a check without a change, in any process, leaves timeline and start time unchanged', async () => {
  const waiting = { ...context, step: 'await-payment' as const };
  const [one, other] = [createJournal(store), createJournal(store)];
  const before = (await store.timeline.page(context.instanceId, 0, 100)).length;
  await one.note(waiting, { status: 'running' });
  const rowOf = async () =>
    (await store.operations.find(context.operationId))!.steps.find(({ step }) => step === 'await-payment')!;
  const begun = (await rowOf()).startedAt!;
  while (Date.now() <= begun.getTime()) await new Promise(setImmediate);
  for (const journal of [other, one, other]) {
    await journal.note(waiting, { status: 'running' });
    await journal.note(waiting, { status: 'waiting', reason: 'not_paid_yet', detail: 'nothing has come' });
  }
  const lines = (await store.timeline.page(context.instanceId, 0, 100)).slice(before);
  expect(lines).toMatchObject([{ status: 'running' }, { status: 'waiting', reason: 'not_paid_yet' }]);
  expect(lines.map(({ sequence }) => sequence)).toEqual([before + 1, before + 2]);
  expect(await rowOf()).toMatchObject({ status: 'waiting', startedAt: begun });
});

test('an end whose event was lost is recorded by the next process that finds it', async () => {
  const ended = { ...context, step: 'issue-licence' as const };
  const cutOff = createJournal({
    ...store,
    timeline: { ...store.timeline, append: () => Promise.reject(new Error('the worker died here')) },
  });
  await expect(cutOff.note(ended, { status: 'succeeded' })).rejects.toThrow('died here');
  const [one, other] = [createJournal(store), createJournal(store)];
  for (const journal of [one, other, one]) await journal.note(ended, { status: 'succeeded' });
  // A late report for this end is still ignored.
  await other.note(ended, { status: 'retrying', reason: 'licence_server_unavailable' });
  const lines = await store.timeline.page(context.instanceId, 0, 100);
  expect(lines.filter((event) => event.type === 'step' && event.step === ended.step)).toMatchObject([
    { status: 'succeeded', tookMs: expect.any(Number) },
  ]);
});
