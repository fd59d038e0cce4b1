import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Connection } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Worker } from '@temporalio/worker';
import { createWorkflows, type Workflows } from '../../src/api/workflows.ts';
import { checkDrift } from '../../src/contracts/operations/check-drift.ts';
import { controlQueue, instanceWorkflowId, latePaymentWorkflowId } from '../../src/contracts/workflow-messages.ts';
import { newId } from '../../src/runtime/new-id.ts';
import type { OrderRecord } from '../../src/store/records.ts';
import { textsOf } from '../../src/texts/texts.ts';
import { testConfig } from '../support/api.ts';
import { startDevServer } from '../support/temporal.ts';

let server: TestWorkflowEnvironment;
let worker: Worker;
let running: Promise<void>;
let connection: Connection;
let workflows: Workflows;

beforeAll(async () => {
  server = await startDevServer();
  worker = await Worker.create({
    connection: server.nativeConnection,
    taskQueue: controlQueue,
    workflowsPath: fileURLToPath(new URL('./fixtures/tiny-instance.ts', import.meta.url)),
    bundlerOptions: { logger: new DefaultLogger('ERROR') } as never,
  });
  running = worker.run();
  connection = Connection.lazy({ address: server.address });
  workflows = createWorkflows({ connection, namespace: 'default', config: testConfig() });
}, 60_000);

afterAll(async () => {
  worker?.shutdown();
  await running;
  await connection?.close();
  await server?.teardown();
}, 60_000);

function anOrder(): OrderRecord {
  const subject = {
    hostname: 'a.local.freehold.localhost',
    cloud: 'local',
    region: 'local-1',
    plan: 'STARTUP',
    zones: ['local-1-a'],
    addOns: { users: 5 },
    limits: { users: 6 },
  };
  return {
    _id: newId.order(),
    instanceId: newId.instance(),
    operationId: newId.operation(),
    accountId: newId.account(),
    adminEmail: 'ada@example.com',
    quote: { subject },
  } as OrderRecord;
}

const handleOf = (order: OrderRecord) => server.client.workflow.getHandle(instanceWorkflowId(order.instanceId));

describe('an instance', () => {
  test('is started once, with its facts and nothing personal', async () => {
    const order = anOrder();
    await workflows.startInstance(order);
    await workflows.startInstance(order);
    const description = await handleOf(order).describe();
    expect(description.type).toBe('instance');
    expect(description.taskQueue).toBe(controlQueue);
    expect(await description.staticSummary()).toBe('STARTUP on local/local-1: a.local.freehold.localhost');
    const attributes = Object.fromEntries(
      description.typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]),
    );
    expect(attributes).toMatchObject({ InstanceId: order.instanceId, OrderId: order._id, NeedsAttention: false });
    await workflows.cancel(order.instanceId, { by: 'customer', updateId: 'end' });
    const { input } = await handleOf(order).result();
    expect(input).toMatchObject({
      queue: [{ operationId: order.operationId, kind: 'provision' }],
      status: 'requested',
    });
    expect(input.facts).toMatchObject({
      plan: 'STARTUP',
      nodes: 1,
      addOns: { users: 5 },
      names: [input.facts.hostname],
    });
    expect(JSON.stringify(input)).not.toContain('@');
  });

  test('that has ended is not started again, and is known to have ended', async () => {
    const order = anOrder();
    await workflows.startInstance(order);
    expect(await workflows.signalPayment(order.instanceId)).toBe(true);
    await workflows.cancel(order.instanceId, { by: 'customer', updateId: 'end' });
    expect(await handleOf(order).result()).toMatchObject({ signals: 1 });
    await workflows.startInstance(order);
    expect((await handleOf(order).describe()).status.name).toBe('COMPLETED');
    expect(await workflows.signalPayment(order.instanceId)).toBe(false);
    await expect(workflows.cancel(order.instanceId, { by: 'customer', updateId: 'again' })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  test('takes the same cancel twice as one', async () => {
    const order = anOrder();
    await workflows.startInstance(order);
    const answers = await Promise.all([
      workflows.cancel(order.instanceId, { by: 'customer', updateId: 'one' }),
      workflows.cancel(order.instanceId, { by: 'customer', updateId: 'one' }),
    ]);
    expect(answers).toEqual([{ operationId: order.operationId }, { operationId: order.operationId }]);
  });

  test('refuses with the reason code that it gives, and anything else is not ours to tell', async () => {
    const order = anOrder();
    await workflows.startInstance(order);
    const request = { operationId: order.operationId, step: 'stack-up' as const, attempt: 1, operator: 'x', why: 'y' };
    const decide = (action: 'retry' | 'skip' | 'abort', step: 'stack-up' | 'send-mail' = 'stack-up') =>
      workflows.decide(order.instanceId, { action, request: { ...request, step }, updateId: newId.request() });
    await expect(decide('skip')).rejects.toMatchObject({ code: 'step_not_skippable', detail: 'step stack-up' });
    expect(await decide('skip', 'send-mail')).toEqual({ operationId: order.operationId });
    expect(await decide('abort')).toEqual({ operationId: order.operationId });
    await expect(decide('retry')).rejects.not.toHaveProperty('code');
    await expect(workflows.cancel(newId.instance(), { by: 'customer', updateId: 'x' })).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});

test('money that came too late starts its workflow once', async () => {
  const latePayment = { paymentIntentId: `pi_${newId.request()}`, orderId: newId.order() };
  await workflows.startLatePayment(latePayment);
  const handle = server.client.workflow.getHandle(latePaymentWorkflowId(latePayment));
  expect(await handle.result()).toBe(latePayment.paymentIntentId);
  const { runId } = await handle.describe();
  await workflows.startLatePayment(latePayment);
  expect(runId).toBe((await handle.describe()).runId);
});

describe('Temporal that does not answer', () => {
  test('is said so within the deadline, whatever is asked', async () => {
    const nowhere = Connection.lazy({ address: '127.0.0.1:1' });
    const lost = createWorkflows({ connection: nowhere, namespace: 'default', config: testConfig(), deadlineMs: 300 });
    try {
      const order = anOrder();
      const requests = [
        lost.ping(),
        lost.startInstance(order),
        lost.signalPayment(order.instanceId),
        lost.cancel(order.instanceId, { by: 'customer', updateId: 'x' }),
        lost.request(order.instanceId, {
          kind: checkDrift.kind,
          operationId: newId.operation(),
          requestedBy: 'operator',
        }),
        lost.startLatePayment({ paymentIntentId: 'pi_1', orderId: order._id }),
      ];
      const began = performance.now();
      for (const result of await Promise.allSettled(requests)) {
        expect(result).toMatchObject({ status: 'rejected', reason: { code: 'workflow_unreachable' } });
      }
      expect(performance.now() - began).toBeLessThan(5_000);
    } finally {
      await nowhere.close();
    }
  });

  test('takes only so many Updates of one server at once: the others are told to send them again', async () => {
    const burst = createWorkflows({ connection, namespace: 'default', config: testConfig(), deadlineMs: 3_000 });
    const order = anOrder();
    const handle = await server.client.workflow.start('instance', {
      workflowId: instanceWorkflowId(order.instanceId),
      taskQueue: 'nobody-works-here',
      args: [{ queue: [] }],
    });
    const answers = await Promise.allSettled(
      Array.from({ length: 60 }, (_each, index) =>
        burst.cancel(order.instanceId, { by: 'customer', updateId: `update-${index}` }),
      ),
    );
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'workflow_unreachable' } });
    }
    const { customer, next } = textsOf('en').reasons.workflow_unreachable;
    expect(customer).not.toMatch(/automatically|by itself/);
    expect(next).toMatch(/^Send it again/);
    await handle.terminate();
  });

  test('with no worker there to take an Update is the same', async () => {
    const impatient = createWorkflows({ connection, namespace: 'default', config: testConfig(), deadlineMs: 500 });
    const order = anOrder();
    const { client } = server;
    await client.workflow.start('instance', {
      workflowId: instanceWorkflowId(order.instanceId),
      taskQueue: 'nobody-works-here',
      args: [{ queue: [] }],
    });
    await expect(impatient.cancel(order.instanceId, { by: 'customer', updateId: 'x' })).rejects.toMatchObject({
      code: 'workflow_unreachable',
    });
    await client.workflow.getHandle(instanceWorkflowId(order.instanceId)).terminate();
  });
});

test('the page of a workflow is in the Temporal UI', () => {
  expect(workflows.pageOf('instance/i0123456789abcdef')).toBe(
    'http://127.0.0.1:8233/namespaces/default/workflows/instance%2Fi0123456789abcdef',
  );
});
