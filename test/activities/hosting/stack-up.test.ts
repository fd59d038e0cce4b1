import { AsyncResource } from 'node:async_hooks';
import { describe, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { StackPorts } from '../../../src/activities/hosting/ports.ts';
import { stackUp } from '../../../src/activities/hosting/stack-up.ts';
import { ReasonError } from '../../../src/contracts/reasons.ts';
import type { RunnerLine, StackOutputs, StackRequest } from '../../../src/contracts/stack.ts';
import type { StepContext } from '../../../src/contracts/workflow-messages.ts';
import { appliedFrom, specFrom } from '../../../src/domain/operations/server-spec.ts';
import type { InstanceRecord } from '../../../src/store/records.ts';
import { instanceRecord } from '../../support/instance-record.ts';

/** The context of a process that was started before any activity. */
const elsewhere = new AsyncResource('runner');

const context: StepContext = {
  instanceId: 'i0123456789abcdef',
  orderId: 'ord_0123456789abcdef',
  operationId: 'op_0123456789abcdef',
  step: 'stack-up',
  attempt: 1,
};
const outputs: StackOutputs = {
  addresses: ['127.0.0.2'],
  volumeIds: ['v'],
  serverIds: ['s'],
  osImages: {},
};

const away: StackPorts['journal'] = {
  note: async () => undefined,
  append: async () => {
    throw new Error('the database is away');
  },
};

const unseen = {
  readHealth: async () => undefined,
  resolve: async () => [],
  healthyWithinMs: 1_000,
  finalSnapshotDays: 30,
};

function ports(instance: InstanceRecord, built: unknown[], journal = away): StackPorts {
  const instances = {
    find: async () => instance,
    update: async (_id: string, change: object) => void built.push(change),
  };
  return {
    store: { instances } as unknown as StackPorts['store'],
    journal,
    zonesOf: () => ['home-a', 'home-b'],
    ...unseen,
    async runStack(_request, { onLine }) {
      const tell = (line: RunnerLine) => elsewhere.runInAsyncScope(onLine, undefined, line);
      tell({ type: 'log', severity: 'info', text: '[cloud:quota] the quota of hosts is used up' });
      await new Promise(setImmediate);
      tell({ type: 'resource', name: 'host-node-1', kind: 'Host', op: 'create', status: 'done', done: 1, total: 1 });
      built.push('ran');
      return outputs;
    },
  };
}

test('a timeline that cannot be written neither ends the operation nor its process', async () => {
  const built: unknown[] = [];
  const environment = new MockActivityEnvironment();
  const heartbeats: unknown[] = [];
  environment.on('heartbeat', (details: unknown) => heartbeats.push(details));
  const instance = instanceRecord({ licenceId: 'lic_1' });
  await environment.run(stackUp(ports(instance, built)), context);
  expect(built).toEqual(['ran', { applied: appliedFrom(specFrom(instance), outputs), outputs }]);
  expect(heartbeats).toEqual([{ done: 1, total: 1 }]);
});

test('customers read what became of each part, operators what engine and cloud say', async () => {
  const lines: unknown[] = [];
  const journal: StackPorts['journal'] = {
    note: async (_context, { status, progress }) => void lines.push({ status, progress }),
    append: async (_context, body) => void lines.push(body),
  };
  const logged: unknown[] = [];
  const logger = new DefaultLogger('INFO', ({ level, message }) => logged.push([level, message]));
  const environment = new MockActivityEnvironment(undefined, { logger });
  await environment.run(stackUp(ports(instanceRecord({ licenceId: 'lic_1' }), [], journal)), context);
  expect(lines).toEqual([
    { type: 'log', step: 'stack-up', severity: 'info', text: 'The machine of node-1 was created (1 of 1).' },
    { status: 'running', progress: 1 },
  ]);
  expect(logged).toContainEqual(['INFO', '[cloud:quota] the quota of hosts is used up']);
});

test('a server that was handed over is never built again', async () => {
  const built: unknown[] = [];
  await new MockActivityEnvironment().run(
    stackUp(ports(instanceRecord({ licenceId: 'lic_1', status: 'ready' }), built)),
    context,
  );
  expect(built).toEqual([]);
});

describe('a server of three nodes whose zone is full', () => {
  const zones = ['east-a', 'east-b', 'east-c', 'east-d'];
  const nodes = ['east-a', 'east-b', 'east-c'].map((zone, index) => ({ name: `node-${index + 1}`, zone }));
  const three = instanceRecord({ licenceId: 'lic_1', desired: { nodes } });

  /** The writes and the result when the cloud refuses the up with this message. */
  async function refusedWith(message: string, zonesTried: string[] = []) {
    const written: unknown[] = [];
    const asked: StackRequest['kind'][] = [];
    const full: StackPorts = {
      ...ports({ ...three, zonesTried }, written),
      zonesOf: () => zones,
      async runStack({ kind }) {
        asked.push(kind);
        if (kind === 'up') throw new ReasonError('cloud_capacity', message);
        return null;
      },
    };
    const failure = await new MockActivityEnvironment().run(stackUp(full), context).catch((error: unknown) => error);
    return { failure, written, asked };
  }

  test('only the node in the zone that the cloud names moves, to one where no other node is', async () => {
    const { failure, written, asked } = await refusedWith('no capacity in east-b; you can use east-a, east-c, east-d');
    expect(failure).toMatchObject({ code: 'cloud_capacity', retryAfterMs: 1_000 });
    expect(asked).toEqual(['up', 'destroy']);
    const moved = nodes.map((node) => (node.name === 'node-2' ? { ...node, zone: 'east-d' } : node));
    expect(written).toEqual([{ desired: { ...three.desired, nodes: moved }, zonesTried: ['east-b'] }]);
  });

  test.each([
    ['no zone is left', 'no capacity in east-b', ['east-d']],
    ['the cloud names no zone', 'there is no capacity', []],
  ])('%s: it stays where it is, and waits as long as full zones need', async (_why, message, zonesTried) => {
    const { failure, written, asked } = await refusedWith(message, zonesTried);
    expect(failure).toMatchObject({ code: 'cloud_capacity' });
    expect((failure as ReasonError).retryAfterMs).toBeGreaterThan(1_000);
    expect(asked).toEqual(['up']);
    expect(written).toEqual([{ zonesTried: [] }]);
  });
});
