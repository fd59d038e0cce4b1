import { afterAll, beforeAll, expect } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { fetch } from 'undici';
import { readHostHealth } from '../../src/activities/hosting/read-host-health.ts';
import type { StackPorts } from '../../src/activities/hosting/stack-activities.ts';
import { destroyStack, specOf, stackUp } from '../../src/activities/hosting/stack-up.ts';
import { type DesiredChange, type TakenStep, takeChangeStep } from '../../src/activities/hosting/take-change-step.ts';
import type { StepContext } from '../../src/contracts/workflow-messages.ts';
import { type DesiredServer, desiredFrom } from '../../src/domain/operations/plan-change.ts';
import { createReach, type Reach } from '../../src/runtime/reach.ts';
import { runStack } from '../../src/stacks/runner/run-stack.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { instanceRecord } from './instance-record.ts';
import { startEdge, type TestEdge } from './small-cloud.ts';
import { openStackLab, type StackLab } from './stack-lab.ts';

/**
 * The real engine, small cloud, database and edge router of one test file, on which servers are delivered and changed.
 */
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
      ...{ _id: server.instanceId, hostname, size: 'local-1', licenceId: 'lic_0123456789abcdef' },
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
    const take = (change: DesiredChange, limits: Partial<StackPorts> = {}): Promise<TakenStep | null> =>
      within().run(takeChangeStep({ ...ports, ...limits }), context, change);

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
        ...desiredFrom(specOf(await find()))!,
        ...change,
      }),
      /** Takes steps until none is left. */
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
