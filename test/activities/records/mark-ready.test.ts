import { describe, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createJournal } from '../../../src/activities/lib/journal.ts';
import { holdHostname } from '../../../src/activities/records/hold-hostname.ts';
import { markReady } from '../../../src/activities/records/mark-ready.ts';
import { sweepOnce } from '../../../src/api/orders/sweeps.ts';
import type { StepContext } from '../../../src/contracts/workflow-messages.ts';
import type { SubscriptionRecord } from '../../../src/store/records.ts';
import { order, useApi } from '../../support/api.ts';
import { subscriptionRecord } from '../../support/subscription-record.ts';

const api = useApi();

/** A paid order whose server is built, with the ports of its steps. */
async function built() {
  const { record } = await order(api);
  const { _id: orderId, instanceId, operationId } = record;
  const context: StepContext = { instanceId, orderId, operationId, step: 'mark-ready', attempt: 1 };
  const started: string[] = [];
  const ports = {
    ...{ store: api.store, journal: createJournal(api.store), holdMs: 60_000 },
    startSubscription: async ({ _id }: SubscriptionRecord) => void started.push(_id),
  };
  await holdHostname(ports)({ ...context, step: 'hold-hostname' });
  await api.store.orders.move(orderId, { to: 'fulfilling' });
  return { record, context, ports, started };
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

describe('the subscription of a delivered server', () => {
  async function subscribed() {
    const made = await built();
    const subscription: SubscriptionRecord = subscriptionRecord({
      orderId: made.record._id,
      subject: { kind: 'instance', id: made.context.instanceId },
    });
    await api.store.subscriptions.open(subscription);
    return { ...made, subscription };
  }

  test('begins with the delivery, and its workflow is started once', async () => {
    const { context, ports, started, subscription } = await subscribed();
    await markReady(ports)(context);
    await markReady(ports)(context);
    expect(started).toEqual([subscription._id]);
    expect(await api.store.subscriptions.find(subscription._id)).toMatchObject({ begunAt: expect.any(Date) });
    expect((await api.store.subscriptions.notStarted()).map(({ _id }) => _id)).not.toContain(subscription._id);
  });

  test('holds up no delivery when its workflow cannot be started, and waits for the sweep', async () => {
    const { context, ports, subscription } = await subscribed();
    const startSubscription = async () => Promise.reject(new Error('Temporal is away'));
    const run = () => new MockActivityEnvironment().run(markReady({ ...ports, startSubscription }), context);
    await run();
    expect((await api.store.instances.find(context.instanceId))?.status).toBe('ready');
    expect((await api.store.subscriptions.notStarted()).map(({ _id }) => _id)).toContain(subscription._id);
    await sweepOnce(api.deps);
    expect((await api.store.subscriptions.notStarted()).map(({ _id }) => _id)).not.toContain(subscription._id);
  });

  test('that was renewed already keeps its standing when the step runs again', async () => {
    const { context, ports } = await subscribed();
    await markReady(ports)(context);
    await api.store.instances.movePaidUntil(context.instanceId, new Date('2031-01-01'));
    await markReady(ports)(context);
    expect(await api.store.instances.find(context.instanceId)).toMatchObject({ standingRevision: 2 });
  });
});
