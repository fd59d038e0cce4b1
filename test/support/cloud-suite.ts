import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { fetch } from 'undici';
import { z } from 'zod';
import { doublesEnvironment } from '../../emulators/clouds/environment.ts';
import { schemaOf } from '../../emulators/clouds/schema/schema-of.ts';
import { tableOf } from '../../emulators/clouds/tables.ts';
import type { PlanName } from '../../src/contracts/catalogue.ts';
import type { CloudName, PrivateServerSpec, RunnerLine } from '../../src/contracts/stack.ts';
import { catalogue } from '../../src/domain/catalogue/catalogue-data.ts';
import { appliedFrom } from '../../src/domain/operations/server-spec.ts';
import { createReach } from '../../src/runtime/reach.ts';
import { cloudStacks } from '../../src/stacks/clouds.ts';
import { type Inventory, machinesOf, type Snapshots } from '../../src/stacks/private-server.ts';
import { sessionMembers } from '../../src/stacks/processes.ts';
import { startRunner } from '../../src/stacks/runner/runner-process.ts';
import { randomOf } from './random.ts';
import { kill, startEdge, zone } from './small-cloud.ts';
import { nodeOf, openStackLab, withMachines } from './stack-lab.ts';
import { until } from './until.ts';

/**
 * The test suite for the stacks of every cloud, with the real engine and the emulated cloud. A cloud only provides its
 * name and the types with which the suite provokes failures.
 */
export interface SuiteCloud {
  cloud: Exclude<CloudName, 'local'>;
  /** Type tokens, or their endings. */
  types: { machine: string; volume: string; address: string };
  /** Types of which a create with a lost reply leaves an object missing from the state. */
  repeats: string[];
  /** Type of a tagged object on which nothing else depends, so that a state can lose it alone. */
  leaf: string;
}

export interface SuitePart {
  plan: PlanName;
  nodes: 1 | 3;
}

const Object_ = z.object({ type: z.string(), id: z.string(), properties: z.record(z.string(), z.unknown()) });
type Object_ = z.infer<typeof Object_>;

/** Maximum time for an engine operation on a busy machine, ms. */
const timeout = 600_000;

const changesOf = (lines: RunnerLine[]) => lines.flatMap((line) => (line.type === 'result' ? [line.changes] : []))[0]!;

/** A lab with an emulated cloud. */
export async function openCloudLab(cloud: SuiteCloud['cloud']) {
  const lab = await openStackLab();
  const cacheFolder = `${process.env.TMPDIR || '/tmp'}/freehold-doubles`;
  Object.assign(lab.env, doublesEnvironment({ cloudUrl: lab.cloud.url, path: lab.env.PATH ?? '', cacheFolder }));
  await schemaOf(tableOf(cloud), lab.env);
  const edge = await startEdge(lab.cloud);
  const reach = createReach({ dnsServer: edge.dns, caFile: edge.ca });
  const offer = catalogue.clouds.find(({ name }) => name === cloud)!;
  const region = offer.regions[0]!;
  const path = `/v1/doubles/${cloud}`;

  return {
    ...lab,
    edge,
    reach,
    spec(label: string, { plan, nodes }: SuitePart): PrivateServerSpec {
      const machine = { name: 'm1', size: offer.sizes[plan] };
      const places = Array.from({ length: nodes }, (_, index) => region.zones[index % region.zones.length]!);
      return lab.spec(label, {
        ...{ cloud, region: region.name, hostnames: [`${label}.${offer.label}.${zone}`] },
        nodes: places.map((place, index) => nodeOf(`node-${index + 1}`, place, [machine])),
        tags: { 'freehold:plan': plan, 'freehold:created': '2026-11-28T00:00:00.000Z' },
      });
    },
    /** A size of the cloud other than the plan's. */
    otherSize: (plan: PlanName) => offer.sizes[plan === 'GROW' ? 'MAKER' : 'GROW'],
    /** All objects of the emulator, whatever their creator and tags. */
    async objects(): Promise<Object_[]> {
      const { body } = await lab.cloud.call('GET', `${path}/objects`);
      return z.array(Object_).parse(body);
    },
    async fault(fault: object): Promise<void> {
      expect((await lab.cloud.call('POST', `${path}/faults`, fault)).status).toBe(200);
    },
    clearFaults: () => lab.cloud.call('DELETE', `${path}/faults`),
    /** Removes an object without the engine's knowledge. */
    async lose({ type, id }: Object_): Promise<void> {
      const query = new URLSearchParams({ type, id });
      expect((await lab.cloud.call('DELETE', `${path}/object?${query}`)).status).toBe(204);
    },
    /** Objects that only the emulator or only the state has; each is a fault of the stack. */
    async strangers(server: PrivateServerSpec, typePrefix: string): Promise<string[]> {
      const { checkpoint } = JSON.parse(await lab.readState(server)) as {
        checkpoint: { latest: { resources: { type: string; id?: string }[]; pending_operations?: unknown[] } };
      };
      const { resources, pending_operations = [] } = checkpoint.latest;
      const known = resources.flatMap(({ type, id }) => (id && type.startsWith(typePrefix) ? [`${type} ${id}`] : []));
      const there = (await this.objects()).map(({ type, id }) => `${type} ${id}`);
      return [
        ...there.filter((each) => !known.includes(each)).map((each) => `unknown to the state: ${each}`),
        ...known.filter((each) => !there.includes(each)).map((each) => `not at the cloud: ${each}`),
        ...pending_operations.map((each) => `pending: ${JSON.stringify(each)}`),
      ];
    },
    async health(hostname: string) {
      const url = `https://${hostname}:${new URL(edge.url).port}/healthz`;
      const look = () => fetch(url, { dispatcher: reach.dispatcher }).then((answer) => (answer.ok ? answer : null));
      const options = { what: `${hostname} answers`, limitMs: 60_000 };
      const response = await until(() => look().catch(() => null), options);
      return (await response.json()) as { instanceId: string; boots: number };
    },
    /** Uses the cloud's snapshots and inventory as a worker does, with credentials from the environment. */
    async asWorker<T>(work: (at: { snapshots: Snapshots; inventory: Inventory }) => Promise<T>): Promise<T> {
      const former = process.env;
      process.env = { ...former, ...lab.env };
      const stacks = await cloudStacks(cloud);
      const at = { snapshots: stacks.snapshots(process.env), inventory: stacks.inventory(process.env) };
      try {
        return await work(at);
      } finally {
        at.snapshots.close();
        at.inventory.close();
        process.env = former;
      }
    },
    /** Restarts a machine of a server by the cloud's own interface. */
    async restart({ region: place }: PrivateServerSpec, serverId: string): Promise<void> {
      const former = process.env;
      process.env = { ...former, ...lab.env };
      try {
        const { restartMachine } = await cloudStacks(cloud);
        const { signal } = new AbortController();
        await restartMachine({ serverId, region: place, signal }, process.env);
      } finally {
        process.env = former;
      }
    },
    async close(): Promise<void> {
      await reach.close();
      await edge.stop();
      await lab.close();
    },
  };
}
export type CloudLab = Awaited<ReturnType<typeof openCloudLab>>;

/** Opens a lab for the tests of a file's `describe`. */
function useLab({ cloud }: SuiteCloud): () => CloudLab {
  let lab: CloudLab;
  beforeAll(async () => {
    lab = await openCloudLab(cloud);
  }, timeout);
  afterEach(async () => {
    await lab?.clearFaults();
    await lab?.cloud.rules({});
  });
  afterAll(async () => {
    await lab?.close();
  }, timeout);
  return () => lab;
}

/** The life cycle of a server: every operation, on one plan and topology. */
export function describeLife(suite: SuiteCloud, part: SuitePart): void {
  describe(`${part.plan} on ${part.nodes === 1 ? 'one node' : 'three nodes'} of ${suite.cloud}`, () => {
    const use = useLab(suite);

    test(
      'is built, changed, suspended, mended and taken down, and nothing stays',
      async () => {
        const lab = use();
        const { typePrefix, resourceCount } = await cloudStacks(suite.cloud);
        const server = lab.spec('life', part);
        const [hostname] = server.hostnames as [string];
        const inOrder = async (spec: PrivateServerSpec) => expect(await lab.strangers(spec, typePrefix)).toEqual([]);

        // A preview reports what would be created, and creates nothing.
        const planned = await lab.preview(server);
        expect(Object.keys(planned)).toEqual(['create']);
        expect(planned.create).toBeGreaterThan(resourceCount(server));
        expect(await lab.objects()).toEqual([]);

        const { outputs } = await lab.up(server);
        expect(outputs.addresses.length).toBeGreaterThan(0);
        expect(outputs.volumeIds).toHaveLength(part.nodes);
        expect(outputs.serverIds).toHaveLength(part.nodes);
        expect(await lab.objects()).toHaveLength(resourceCount(server));
        await inOrder(server);
        const first = await lab.health(hostname);
        expect(first).toMatchObject({ instanceId: server.instanceId });
        expect(await lab.pulumi('stack', 'export', '--stack', `inst-${server.instanceId}`)).not.toContain('enr_');

        // The images found are pinned from now on; a second up changes nothing.
        expect(Object.keys(outputs.osImages)).toEqual(machinesOf(server).map(({ key }) => key));
        const pinned = { ...server, ...appliedFrom(server, outputs) };
        const again = changesOf((await lab.up(pinned)).lines);
        expect(Object.keys(again)).toEqual(['same']);

        // A restart by the cloud's own interface: the same server, booted once more, and a stack that sees no difference.
        // Any of the nodes may answer at the name.
        for (const serverId of outputs.serverIds) await lab.restart(server, serverId);
        await until(async () => (await lab.health(hostname)).boots === first.boots + 1 || null, {
          ...{ what: 'the machines have booted once more', limitMs: 60_000 },
        });
        expect(Object.keys(changesOf((await lab.refresh(pinned)).lines))).toEqual(['same']);
        await inOrder(pinned);

        // Another size in place, a second name, and the first one gone.
        const { osImage } = pinned.nodes[0]!.machines[0]!;
        const larger = withMachines(pinned, [{ name: 'm1', size: lab.otherSize(part.plan), osImage }]);
        const renamed = `renamed.${hostname.split('.').slice(1).join('.')}`;
        const change = { ...larger, hostnames: [hostname, renamed] };
        const before = await lab.objects();
        const foreseen = await lab.preview(change);
        expect(foreseen).not.toHaveProperty('delete');
        expect(foreseen.update).toBeGreaterThan(0);
        expect(await lab.objects()).toEqual(before);
        const resized = await lab.up(change);
        expect(resized.outputs).toMatchObject({ serverIds: outputs.serverIds, addresses: outputs.addresses });
        expect(changesOf(resized.lines)).not.toHaveProperty('replace');
        // Emulators announce no outputs in advance: behind a load balancer, resources that refer to a changed machine
        // count as changed.
        const { create, update } = foreseen;
        if (part.nodes === 1) expect(changesOf(resized.lines)).toMatchObject({ create, update });
        expect((await lab.health(renamed)).instanceId).toBe(server.instanceId);
        const moved = { ...larger, hostnames: [renamed] };
        await lab.up(moved);
        await until(async () => (await lab.reach.resolve(hostname)).length === 0, { what: 'the old name is gone' });
        await inOrder(moved);

        // Suspended: no machine, and everything else unchanged.
        const suspended = { ...moved, nodes: moved.nodes.map((node) => ({ ...node, machines: [], serving: null })) };
        const asleep = await lab.up(suspended);
        expect(asleep.outputs).toMatchObject({ serverIds: [], addresses: outputs.addresses });
        expect(asleep.outputs.volumeIds).toEqual(outputs.volumeIds);
        await inOrder(suspended);
        await lab.up(moved);
        await lab.health(renamed);

        // A deleted machine is detected, and recreated with the same volume and address.
        const machines = (await lab.objects()).filter(({ type }) => type.endsWith(suite.types.machine));
        await lab.lose(machines[0]!);
        expect(changesOf((await lab.refresh(moved)).lines).delete).toBeGreaterThan(0);
        const mended = await lab.up(moved);
        expect(mended.outputs).toMatchObject({ addresses: outputs.addresses, volumeIds: outputs.volumeIds });
        expect(await lab.health(renamed)).toMatchObject({ instanceId: server.instanceId });
        await inOrder(moved);

        await lab.destroy(moved);
        expect(await lab.objects()).toEqual([]);
      },
      timeout,
    );
  });
}

/** What remains of a server that a customer had. */
export function describeFinalSnapshot(suite: SuiteCloud, part: SuitePart): void {
  describe(`the end of a server on ${suite.cloud}`, () => {
    const use = useLab(suite);

    test(
      'its last snapshots are complete before anything goes, are made once, and are all that stays',
      async () => {
        const lab = use();
        const { typePrefix } = await cloudStacks(suite.cloud);
        const server = lab.spec('ended', part);
        const { outputs } = await lab.up(server);
        const finalSnapshot = { keepUntil: '2026-12-28' };
        const end = () => lab.destroy(server, { finalSnapshot });
        const list = () =>
          lab.asWorker(({ snapshots }) => snapshots.list({ instanceId: server.instanceId, region: server.region }));

        // If none can be made, nothing is touched.
        await lab.fault({ on: 'create', type: 'Snapshot', fault: 'denied' });
        await expect(end()).rejects.toMatchObject({ code: 'cloud_permission_missing' });
        expect(await lab.strangers(server, typePrefix)).toEqual([]);
        expect(await list()).toEqual([]);
        await lab.clearFaults();

        // A destroy that fails after them leaves them to the next one.
        await lab.fault({ on: 'delete', type: suite.types.volume, fault: 'denied' });
        await expect(end()).rejects.toMatchObject({ code: 'cloud_permission_missing' });
        await lab.clearFaults();
        const first = await list();
        const volumeIds = first.map(({ volumeId }) => volumeId).sort();
        expect(volumeIds).toEqual([...outputs.volumeIds].sort());
        const about = { instanceId: server.instanceId, purpose: 'final', keepUntil: '2026-12-28', state: 'complete' };
        for (const snapshot of first) expect(snapshot).toMatchObject(about);

        await end();
        expect((await list()).map(({ id }) => id)).toEqual(first.map(({ id }) => id));
        expect(await lab.objects()).toHaveLength(part.nodes);
        // Destroying a missing server makes none, and no sweep takes them for orphans.
        await end();
        expect(await list()).toHaveLength(part.nodes);
        await lab.destroy(server);
        expect(await lab.asWorker(({ inventory }) => inventory.list(server))).toEqual([]);
        expect(await lab.asWorker(({ inventory }) => inventory.listAll())).toEqual([]);

        await lab.asWorker(async ({ snapshots }) => {
          const all = await snapshots.list();
          expect(all.map(({ id }) => id).sort()).toEqual(first.map(({ id }) => id).sort());
          for (const snapshot of all) await snapshots.remove(snapshot);
          // A missing one is a success.
          for (const snapshot of all) await snapshots.remove(snapshot);
        });
        expect(await lab.objects()).toEqual([]);
      },
      timeout,
    );
  });
}

/** Replacing a machine, and recovery after failures. */
export function describeTroubles(suite: SuiteCloud, part: SuitePart): void {
  describe(`trouble on ${suite.cloud}`, () => {
    const use = useLab(suite);

    test(
      'another machine takes over volume and address, and the old one goes',
      async () => {
        const lab = use();
        const { typePrefix } = await cloudStacks(suite.cloud);
        const server = lab.spec('moved', part);
        const [hostname] = server.hostnames as [string];
        const { outputs } = await lab.up(server);
        expect((await lab.health(hostname)).boots).toBe(1);
        const old = { name: 'm1', size: server.nodes[0]!.machines[0]!.size };
        const next = { name: 'm2', size: lab.otherSize(part.plan) };
        await lab.up(withMachines(server, [old, next], 'm1'));
        expect((await lab.health(hostname)).boots).toBe(1);
        const taken = await lab.up(withMachines(server, [old, next], 'm2'));
        expect(taken.outputs).toMatchObject({ addresses: outputs.addresses, volumeIds: outputs.volumeIds });
        expect((await lab.health(hostname)).boots).toBe(2);
        const alone = withMachines(server, [next]);
        await lab.up(alone);
        expect((await lab.health(hostname)).boots).toBe(2);
        expect(await lab.strangers(alone, typePrefix)).toEqual([]);
        await lab.destroy(alone);
        expect(await lab.objects()).toEqual([]);
      },
      timeout,
    );

    test(
      'without any state, destroy finds everything by itself',
      async () => {
        const lab = use();
        const server = lab.spec('forgotten', part);
        await lab.up(server);
        await lab.forgetObjects(server);
        await lab.destroy(server);
        expect(await lab.objects()).toEqual([]);
      },
      timeout,
    );

    test(
      'what the state of a delivered server has lost is taken over as it is, and nothing is made twice or deleted',
      async () => {
        const lab = use();
        const { typePrefix } = await cloudStacks(suite.cloud);
        const server = lab.spec('adopted', part);
        const { outputs } = await lab.up(server);
        const idsOf = async () => (await lab.objects()).map(({ type, id }) => `${type} ${id}`).sort();
        const before = await idsOf();
        await lab.forgetObjects(server, suite.leaf);
        expect(await lab.strangers(server, typePrefix)).not.toEqual([]);
        const again = await lab.up(server, { recover: true, delivered: true });
        expect(again.outputs).toEqual(outputs);
        expect(await idsOf()).toEqual(before);
        expect(await lab.strangers(server, typePrefix)).toEqual([]);
        expect(await lab.health(server.hostnames[0]!)).toMatchObject({ boots: 1 });
        await lab.destroy(server);
        expect(await lab.objects()).toEqual([]);
      },
      timeout,
    );

    test(
      'a create whose reply was lost leaves no second object',
      async () => {
        const lab = use();
        const { typePrefix } = await cloudStacks(suite.cloud);
        const server = lab.spec('twice', part);
        for (const type of suite.repeats) await lab.fault({ on: 'create', type, fault: 'lose-reply' });
        const { lines } = await lab.up(server);
        const removed = lines.filter((line) => line.type === 'log' && line.text.startsWith('removes '));
        expect(removed.length).toBeGreaterThanOrEqual(suite.repeats.length);
        expect(await lab.strangers(server, typePrefix)).toEqual([]);
        await lab.destroy(server);
        expect(await lab.objects()).toEqual([]);
      },
      timeout,
    );

    test(
      'what the cloud refuses is told apart, and destroy leaves nothing of the attempt',
      async () => {
        const lab = use();
        const server = lab.spec('refused', part);
        for (const [fault, code] of [
          ['quota', 'cloud_quota'],
          ['capacity', 'cloud_capacity'],
          ['expired', 'cloud_credentials_expired'],
        ]) {
          await lab.fault({ on: 'create', type: suite.types.machine, fault });
          await expect(lab.up(server, { recover: fault !== 'quota' })).rejects.toMatchObject({ code });
        }
        await lab.destroy(server);
        expect(await lab.objects()).toEqual([]);
      },
      timeout,
    );

    test(
      'a provider that dies after it made the machine leaves one machine',
      async () => {
        const lab = use();
        const { typePrefix } = await cloudStacks(suite.cloud);
        const server = lab.spec('crashed', part);
        await lab.fault({ on: 'create', type: suite.types.machine, fault: 'crash' });
        await expect(lab.up(server)).rejects.toMatchObject({ code: 'runner_died' });
        await lab.up(server);
        expect(await lab.strangers(server, typePrefix)).toEqual([]);
        await lab.destroy(server);
        expect(await lab.objects()).toEqual([]);
      },
      timeout,
    );
  });
}

const seed = Number(process.env.FREEHOLD_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** Kills a runner at random moments of an up; `FREEHOLD_TEST_SEED=<seed>` repeats a failure. */
export function describeKills(suite: SuiteCloud, part: SuitePart, rounds: number): void {
  describe(`kills at random moments on ${suite.cloud}, seed ${seed}`, () => {
    const use = useLab(suite);
    const random = randomOf(seed);

    for (let round = 1; round <= rounds; round += 1) {
      const share = random();
      test(
        `round ${round}: after ${Math.round(share * 100)} % of what is made, one of each in the end`,
        async () => {
          const lab = use();
          const { typePrefix, resourceCount } = await cloudStacks(suite.cloud);
          const server = lab.spec(`killed-${round}`, part);
          const runner = startRunner(lab.env);
          runner.child.stdout!.resume();
          runner.child.stdin!.write(`${JSON.stringify(lab.request('up', server))}\n`);
          const enough = Math.floor(share * resourceCount(server));
          await until(async () => (await lab.objects()).length >= enough, { limitMs: timeout, everyMs: 20 });
          // Also between two of them.
          await delay(Math.round(random() * 200));
          kill(runner.sid);
          await runner.ended;
          expect(sessionMembers(runner.sid)).toEqual([]);
          if (round % 2 === 0) {
            await lab.runWhenFree(lab.request('up', server), timeout);
            expect(await lab.strangers(server, typePrefix)).toEqual([]);
          }
          await lab.destroy(server);
          expect(await lab.objects()).toEqual([]);
        },
        timeout,
      );
    }
  });
}
