import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { fetch } from 'undici';
import { lookAtHost } from '../../src/activities/hosting/look-at-host.ts';
import type { StackPorts } from '../../src/activities/hosting/stack-activities.ts';
import { destroyStack, specOf, stackUp } from '../../src/activities/hosting/stack-up.ts';
import { type TakenStep, takeChangeStep, type WishedChange } from '../../src/activities/hosting/take-change-step.ts';
import { createReach, type Reach } from '../../src/contracts/reach.ts';
import type { StepContext } from '../../src/contracts/workflow-messages.ts';
import { expectedGaps } from '../../src/domain/expected-gaps.ts';
import { downtimeClass, type ServerWish, wishOf } from '../../src/domain/plan-change.ts';
import { runStack } from '../../src/stacks/runner/run-stack.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { instanceRecord } from '../support/instance-record.ts';
import { startEdge, type TestEdge } from '../support/small-cloud.ts';
import { openStackLab, type StackLab } from '../support/stack-lab.ts';

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

/** A provision worker's activities on the real engine, and a server that was delivered by them. */
async function deliver(label: string) {
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
    look: (expected) => lookAtHost({ reach, hostUrl }, expected),
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
  const health = async () => {
    const response = await fetch(`${hostUrl(hostname)}/healthz`, { dispatcher: reach.dispatcher });
    return (await response.json()) as { boots: number; version: string };
  };
  const take = (change: WishedChange, limits: Partial<StackPorts> = {}): Promise<TakenStep | null> =>
    within().run(takeChangeStep({ ...ports, ...limits }), context, change);

  await within().run(stackUp(ports), context);
  await store.instances.update(record._id, { status: 'ready' });
  return {
    server,
    find,
    health,
    take,
    wish: async (change: Partial<ServerWish> = {}): Promise<ServerWish> => ({
      ...wishOf(specOf(await find()))!,
      ...change,
    }),
    /** Takes steps until nothing is left to do. */
    async change(change: WishedChange): Promise<TakenStep[]> {
      const taken: TakenStep[] = [];
      for (let step = await take(change); step; step = await take(change)) taken.push(step);
      return taken;
    },
    machines: async () =>
      (await lab.hosts(server)).map(({ tags, size, state }) => `${tags['freehold:resource']} ${size} ${state}`).sort(),
    async destroy(): Promise<void> {
      await within().run(destroyStack(ports), { ...context, step: 'destroy-stack' } satisfies StepContext);
      expect(await lab.owned(server)).toEqual([]);
    },
  };
}

test('a larger machine takes over with the data, for a gap that is measured; one that does not answer is taken back', async () => {
  const it = await deliver('larger');
  const before = (await it.find()).outputs!;

  const taken = await it.change({ wish: await it.wish({ size: 'local-2', diskGib: 20 }) });
  expect(taken.map(({ kind }) => kind)).toEqual(['raise-machine', 'move-to-machine', 'drop-machine', 'grow-volume']);
  expect(taken.map(({ left }) => left)).toEqual([3, 2, 1, 0]);
  expect(await it.machines()).toEqual(['host-node-1-m2 local-2 running']);
  const after = await it.find();
  expect(after).toMatchObject({ size: 'local-2', diskGib: 20 });
  expect(after.outputs).toMatchObject({ addresses: before.addresses, volumeIds: before.volumeIds });
  // The counter of its boots lies on the volume, so the second boot is that of the new machine on the old data.
  expect((await it.health()).boots).toBe(2);

  // Only the move is felt, and no longer than quotes say.
  const gaps = Object.fromEntries(taken.map(({ kind, gapMs }) => [kind, gapMs]));
  expect(gaps).toMatchObject({ 'raise-machine': null, 'drop-machine': null, 'grow-volume': null });
  expect(gaps['move-to-machine']).toBeGreaterThan(0);
  expect(gaps['move-to-machine']).toBeLessThanOrEqual(expectedGaps.local.move.ms);
  expect(downtimeClass(gaps['move-to-machine']!)).toBe('seconds');

  // An image whose product never answers: the old machine is still there, and serves again.
  const good = await it.wish();
  const bad = { wish: { ...good, image: '0.0.1' } };
  expect(await it.take(bad)).toMatchObject({ kind: 'raise-machine' });
  await expect(it.take(bad, { healthyWithinMs: 1_000 })).rejects.toMatchObject({ code: 'host_unhealthy' });
  expect((await it.find()).image).toBe('0.0.1');
  // Nobody may remove the old machine while the new one does not answer.
  await expect(it.take(bad, { healthyWithinMs: 500 })).rejects.toMatchObject({
    ...{ code: 'host_unhealthy', detail: expect.stringContaining('before drop-machine') },
  });
  const back = await it.change({ wish: good });
  expect(back.map(({ kind }) => kind)).toEqual(['move-to-machine', 'drop-machine']);
  expect(await it.find()).toMatchObject({ image: '1.0.0', size: 'local-2' });
  expect(await it.machines()).toEqual(['host-node-1-m2 local-2 running']);
  expect(await it.health()).toMatchObject({ boots: 3, version: '1.0.0' });
  await it.destroy();
}, 240_000);
