import { join } from 'node:path';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { fetch } from 'undici';
import type { StackPorts } from '../../src/activities/hosting/ports.ts';
import { readHostHealth } from '../../src/activities/hosting/read-host-health.ts';
import { restartServer } from '../../src/activities/hosting/restart-server.ts';
import { destroyStack, stackName, stackUp } from '../../src/activities/hosting/stack-up.ts';
import { type TakenStep, takeChangeStep } from '../../src/activities/hosting/take-change-step.ts';
import type { DesiredServer } from '../../src/contracts/desired-server.ts';
import type { StepContext } from '../../src/contracts/workflow-messages.ts';
import type { ChangeStrategy } from '../../src/domain/operations/plan-change.ts';
import { createReach, type Reach } from '../../src/runtime/reach.ts';
import { cloudStacks } from '../../src/stacks/clouds.ts';
import { runStack } from '../../src/stacks/runner/run-stack.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { instanceRecord, named } from './instance-record.ts';
import { startEdge, type TestEdge } from './small-cloud.ts';
import { openStackLab, type StackLab } from './stack-lab.ts';

/** What a server is to be from now on; left as it is where absent. */
export interface DesiredChange {
  desired?: DesiredServer;
  strategy?: ChangeStrategy;
}

/** The real engine, small cloud, database and edge of one test file, on which servers are delivered and changed. */
export function useDeliveries() {
  let lab: StackLab;
  let edge: TestEdge;
  let reach: Reach;
  let store: Store;

  beforeAll(async () => {
    lab = await openStackLab();
    [edge, store] = await Promise.all([startEdge(lab.cloud), openStore(lab.database.uri)]);
    reach = createReach({ dnsServer: edge.dns, caFile: edge.ca });
  }, 30_000);
  afterAll(async () => {
    await reach?.close();
    await store?.close();
    await edge?.stop();
    await lab?.close();
  }, 30_000);

  const hostUrl = (hostname: string) => `https://${hostname}:${new URL(edge.url).port}`;

  /** A provision worker's activities on the real engine, and a server delivered by them. */
  return async function deliver(label: string) {
    const server = lab.spec(label);
    const hostname = server.hostnames[0]!;
    const record = instanceRecord({
      ...{ _id: server.instanceId, desired: named(hostname), licenceId: 'lic_0123456789abcdef' },
    });
    await store.instances.insert(record);
    const ports: StackPorts = {
      store,
      zonesOf: () => ['home-a'],
      healthyWithinMs: 20_000,
      finalSnapshotDays: 30,
      readHealth: (expected) => readHostHealth({ reach, hostUrl }, expected),
      resolve: reach.resolve,
      journal: { note: async () => undefined, append: async () => undefined },
      runStack: (request, options) => runStack(request, { ...options, env: lab.env }),
    };
    const context: StepContext = {
      ...{ instanceId: record._id, orderId: record.orderId, operationId: 'op_0123456789abcdef' },
      ...{ step: 'stack-up', attempt: 1 },
    };
    const within = () => new MockActivityEnvironment();
    const find = async () => (await store.instances.find(record._id))!;
    const health = async (name = hostname) => {
      const response = await fetch(`${hostUrl(name)}/healthz`, { dispatcher: reach.dispatcher });
      return (await response.json()) as { boots: number; version: string };
    };
    const take = async (
      { desired, strategy = 'replace' }: DesiredChange,
      limits: Partial<StackPorts> = {},
    ): Promise<TakenStep | null> => {
      if (desired) await store.instances.update(record._id, { desired });
      return within().run(takeChangeStep({ ...ports, ...limits }), context, { strategy });
    };

    await within().run(stackUp(ports), context);
    await store.instances.update(record._id, { status: 'ready' });
    return {
      server,
      hostname,
      find,
      health,
      resolve: reach.resolve,
      take,
      desired: async (change: Partial<DesiredServer> = {}): Promise<DesiredServer> => ({
        ...(await find()).desired,
        ...change,
      }),
      /** Restarts it at its cloud, as a provision worker does; answers what the timeline says. */
      async restart(): Promise<string[]> {
        const lines: string[] = [];
        const { restartMachine, inventory } = await cloudStacks('local');
        const journal: StackPorts['journal'] = {
          ...ports.journal,
          append: async (_context, body) => void (body.type === 'log' && lines.push(body.text)),
        };
        const restart = restartServer({
          ...{ ...ports, journal },
          inventoryOf: async () => inventory(lab.env),
          restartMachine: (_cloud, request) => restartMachine(request, lab.env),
          isStackBusy: async (stack) => (await store.stackLeases.held(stack)) !== null,
        });
        await within().run(restart, context);
        return lines;
      },
      /** Makes the lease of its stack be held by somebody until the answer is called. */
      async holdLease(): Promise<() => Promise<void>> {
        const holder = { owner: 'somebody', host: 'elsewhere', sid: 1, startTime: '', holdsMs: 60_000 };
        const held = await store.stackLeases.acquire(stackName(record._id), holder);
        if (!('owner' in held)) throw new Error('the lease was not free');
        return () => store.stackLeases.release(held, { settled: true });
      },
      hosts: () => lab.hosts(server),
      /** Folder of the data of its one volume. */
      dataFolder: async () => join(lab.cloud.folder, 'data', 'volumes', (await find()).outputs!.volumeIds[0]!),
      /** Takes steps until nothing is left to do. */
      async change(change: DesiredChange): Promise<TakenStep[]> {
        const taken: TakenStep[] = [];
        for (let step = await take(change); step; step = await take(change)) taken.push(step);
        return taken;
      },
      volumes: () => lab.cloud.client.list('volumes', { tag: ['freehold:instance', record._id] }),
      machines: async () =>
        (await lab.hosts(server))
          .map(({ tags, size, state }) => `${tags['freehold:resource']} ${size} ${state}`)
          .sort(),
      async destroy(): Promise<void> {
        await within().run(destroyStack(ports), { ...context, step: 'destroy-stack' } satisfies StepContext);
        expect(await lab.owned(server)).toEqual([]);
      },
    };
  };
}
