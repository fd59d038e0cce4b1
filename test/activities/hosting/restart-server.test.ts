import { beforeEach, describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { RestartPorts } from '../../../src/activities/hosting/ports.ts';
import { restartServer } from '../../../src/activities/hosting/restart-server.ts';
import { ReasonError } from '../../../src/contracts/reasons.ts';
import type { StackOutputs } from '../../../src/contracts/stack.ts';
import type { StepContext } from '../../../src/contracts/workflow-messages.ts';
import type { TaggedObject } from '../../../src/stacks/private-server.ts';
import type { InstanceRecord } from '../../../src/store/records.ts';
import { instanceRecord } from '../../support/instance-record.ts';
import { nodeOf } from '../../support/stack-lab.ts';

const context: StepContext = {
  ...{ instanceId: 'i0123456789abcdef', orderId: 'ord_0123456789abcdef', operationId: 'op_0123456789abcdef' },
  ...{ step: 'stack-up', attempt: 1 },
};

const outputsOf = (...serverIds: string[]): StackOutputs => ({
  ...{ addresses: ['127.0.0.2'], volumeIds: ['v'], serverIds, osImages: {} },
});
const host = (id: string, resource: string): TaggedObject => ({ id, kind: 'hosts', resource, role: 'host' });

/** A server of three nodes; node-2 has a machine beside the one that serves. */
const cluster: Partial<InstanceRecord> = {
  outputs: outputsOf('m-1', 'm-2-old', 'm-2', 'm-3'),
  applied: {
    ...{ hostnames: ['a.example'], diskGib: 10, tags: {} },
    nodes: [
      nodeOf('node-1', 'home-a', [{ name: 'm1', size: 'local-1' }]),
      nodeOf('node-2', 'home-a', [
        { name: 'm1', size: 'local-1' },
        { name: 'm2', size: 'local-1' },
      ]),
      nodeOf('node-3', 'home-a', [{ name: 'm1', size: 'local-1' }]),
    ],
  },
};
/** The cloud's list: in any order, with a machine that is in no stack. */
const listed = [
  host('m-3', 'host-node-3-m1'),
  host('m-2-old', 'host-node-2-m1'),
  host('stray', 'host-node-2-m2'),
  host('m-2', 'host-node-2-m2'),
  host('m-1', 'host-node-1-m1'),
];

/** Events in their order. */
let events: string[] = [];
/** The lines that customers read. */
let lines: string[] = [];
/** How often the server does not answer after each restart. */
let misses = 0;
let isUnhealthyFor = 0;
beforeEach(() => {
  events = [];
  lines = [];
  misses = 0;
  isUnhealthyFor = 0;
});

function ports(record: Partial<InstanceRecord>, more: Partial<RestartPorts> = {}): RestartPorts {
  const instances = { find: async () => instanceRecord({ _id: context.instanceId, ...record }) };
  return {
    store: { instances } as unknown as RestartPorts['store'],
    journal: {
      note: async (_context, { progress }) => void events.push(`progress ${Math.round((progress ?? 0) * 100)} %`),
      append: async (_context, body) => void (body.type === 'log' && lines.push(body.text)),
    },
    healthyWithinMs: 5_000,
    async readHealth() {
      if (misses > 0) {
        misses -= 1;
        if (misses === 0) events.push('answers again');
        return new ReasonError('host_starting', 'phase process: ECONNREFUSED');
      }
      return undefined;
    },
    inventoryOf: async () => ({
      ...{ listingLagMs: 0, list: async () => listed, listAll: async () => [] },
      ...{ remove: async () => undefined, close: () => undefined },
    }),
    async restartMachine(_cloud, { serverId }) {
      events.push(`restarts ${serverId}`);
      misses = isUnhealthyFor;
      return { downWithinMs: 0 };
    },
    isStackBusy: async () => false,
    ...more,
  };
}

const run = (with_: RestartPorts, info: object = {}) =>
  new MockActivityEnvironment(info).run(restartServer(with_), context);

describe('a restart', () => {
  test('of one machine asks nobody whose it is, and ends when the server answers', async () => {
    isUnhealthyFor = 3;
    const inventoryOf = () => Promise.reject(new Error('nobody is asked'));
    await run(ports({ outputs: outputsOf('m-1') }, { inventoryOf }));
    expect(events).toEqual(['restarts m-1', 'answers again', 'progress 100 %']);
    expect(lines).toEqual(['The machine of node-1 was restarted; the server answers again after 1 s (1 of 1).']);
  });

  test('of a cluster goes node by node, and to the next one when the server answers', async () => {
    isUnhealthyFor = 3;
    await run(ports(cluster));
    expect(events).toEqual([
      ...['restarts m-1', 'answers again', 'progress 33 %'],
      ...['restarts m-2', 'answers again', 'progress 67 %'],
      ...['restarts m-3', 'answers again', 'progress 100 %'],
    ]);
  });

  test('goes on where the attempt before ended, and waits for the machine that it had restarted', async () => {
    misses = 2;
    await run(ports(cluster), { heartbeatDetails: { restarted: ['m-1', 'm-2'] } });
    expect(events.filter((event) => event.startsWith('restarts'))).toEqual(['restarts m-3']);
    expect(events[0]).toBe('answers again');
  });

  test('says in its beats which machines are done', async () => {
    const environment = new MockActivityEnvironment();
    const heartbeats: string[] = [];
    environment.on('heartbeat', (details: unknown) => heartbeats.push(JSON.stringify(details)));
    await environment.run(restartServer(ports(cluster)), context);
    expect(heartbeats).toEqual([
      '{"phase":"restarting","node":"node-1","restarted":[]}',
      '{"phase":"restarting","node":"node-2","restarted":["m-1"]}',
      '{"phase":"restarting","node":"node-3","restarted":["m-1","m-2"]}',
    ]);
  });

  test('ends where the server does not answer any more, before the next node', async () => {
    isUnhealthyFor = Number.POSITIVE_INFINITY;
    await expect(run(ports(cluster, { healthyWithinMs: 300 }))).rejects.toMatchObject({ code: 'host_unhealthy' });
    expect(events).toEqual(['restarts m-1']);
  });

  test('goes on where nobody can write what is told', async () => {
    const away = async () => {
      throw new Error('the database is away');
    };
    await run(ports({ outputs: outputsOf('m-1') }, { journal: { note: away, append: away } }));
    expect(events).toEqual(['restarts m-1']);
  });
});

describe('a cloud that only takes the order', () => {
  const taking =
    (more: () => void) =>
    async (_cloud: string, { serverId }: { serverId: string }) => {
      events.push(`restarts ${serverId}`);
      more();
      return { downWithinMs: 400 };
    };

  test('is believed when the server was seen down', async () => {
    const restartMachine = taking(() => {
      misses = 4;
    });
    await run(ports({ outputs: outputsOf('m-1') }, { restartMachine }));
    expect(events).toEqual(['restarts m-1', 'answers again', 'progress 100 %']);
  });

  test('is asked again where the server answered all the time', async () => {
    const restartMachine = taking(() => undefined);
    await expect(run(ports({ outputs: outputsOf('m-1') }, { restartMachine }))).rejects.toMatchObject({
      ...{ code: 'cloud_unavailable', detail: expect.stringContaining('was not restarted') },
    });
  });

  test('has its time for each node of a cluster, whose others answer meanwhile', async () => {
    await run(ports(cluster, { restartMachine: taking(() => undefined) }));
    expect(events).toHaveLength(6);
  });
});

describe('nothing is restarted', () => {
  test.each([
    ['a server that was never built', {}, 'server_not_ready'],
    ['a suspended server', { outputs: outputsOf() }, 'server_not_ready'],
    ['a server of which the cloud does not list a machine', cluster, 'host_gone'],
  ])('of %s', async (_what, record, code) => {
    const inventory = await ports({}).inventoryOf('local');
    const inventoryOf = async () => ({ ...inventory, list: async () => listed.filter(({ id }) => id !== 'm-2') });
    await expect(run(ports(record, { inventoryOf }))).rejects.toMatchObject({ code });
    expect(events).toEqual([]);
  });

  test('while a runner may be writing to the stack', async () => {
    const busy: string[] = [];
    const isStackBusy = async (stack: string) => busy.push(stack) > 0;
    await expect(run(ports({ outputs: outputsOf('m-1') }, { isStackBusy }))).rejects.toMatchObject({
      code: 'stack_busy',
    });
    expect(busy).toEqual([`inst-${context.instanceId}`]);
    expect(events).toEqual([]);
  });

  test('once the activity was cancelled', async () => {
    const environment = new MockActivityEnvironment();
    const restartMachine: RestartPorts['restartMachine'] = async (_cloud, { signal }) => {
      environment.cancel();
      signal.throwIfAborted();
      return { downWithinMs: 0 };
    };
    const restart = environment.run(restartServer(ports(cluster, { restartMachine })), context);
    await expect(restart).rejects.toMatchObject({ name: expect.stringMatching(/Cancelled|Abort/) });
    expect(events).toEqual([]);
  });
});

describe('what the cloud refuses', () => {
  const refusing = (code: ConstructorParameters<typeof ReasonError>[0]) => async () => {
    throw new ReasonError(code, 'said so');
  };

  test('waits as its reason wants it', async () => {
    const restartMachine = refusing('cloud_rate_limited');
    await expect(run(ports({ outputs: outputsOf('m-1') }, { restartMachine }))).rejects.toMatchObject({
      ...{ code: 'cloud_rate_limited', retryAfterMs: 15_000 },
    });
  });

  test('is final where nothing but people help', async () => {
    const restartMachine = refusing('cloud_credentials_expired');
    const outcome = run(ports({ outputs: outputsOf('m-1') }, { restartMachine }), { attempt: 3 });
    await expect(outcome).rejects.toThrow(ApplicationFailure);
    await expect(outcome).rejects.toMatchObject({ nonRetryable: true, type: 'cloud_credentials_expired' });
  });

  test('is told as it is where the machine is gone', async () => {
    const restartMachine = refusing('host_gone');
    await expect(run(ports({ outputs: outputsOf('m-1') }, { restartMachine }))).rejects.toMatchObject({
      code: 'host_gone',
    });
  });
});
