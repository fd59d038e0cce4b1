import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fetch } from 'undici';
import type { RunnerLine } from '../../src/contracts/stack.ts';
import { createReach, type Reach } from '../../src/runtime/reach.ts';
import { isRunning, startEdge, type TestEdge } from '../support/small-cloud.ts';
import { openStackLab, type StackLab, withMachines } from '../support/stack-lab.ts';
import { until } from '../support/until.ts';

let lab: StackLab;
let edge: TestEdge;
let reach: Reach;

beforeAll(async () => {
  lab = await openStackLab();
  edge = await startEdge(lab.cloud);
  reach = createReach({ dnsServer: edge.dns, caFile: edge.ca });
}, 30_000);
afterAll(async () => {
  await reach?.close();
  await edge?.stop();
  await lab?.close();
}, 30_000);

/** The stacks of servers, as the plain CLI lists them. */
async function servers(): Promise<{ name: string; resourceCount: number }[]> {
  const listed = JSON.parse(await lab.pulumi('stack', 'ls', '--json')) as { name: string; resourceCount: number }[];
  return listed.filter(({ name }) => name.includes('inst-'));
}

interface Health {
  instanceId: string;
  version: string;
  boots: number;
  pid: number;
  env: Record<string, string>;
}

async function health(hostname: string): Promise<Health> {
  const url = `https://${hostname}:${new URL(edge.url).port}/healthz`;
  const getPage = () =>
    fetch(url, { dispatcher: reach.dispatcher }).then((response) => (response.ok ? response : null));
  const response = await until(() => getPage().catch(() => null), { what: `${hostname} answers` });
  return (await response.json()) as Health;
}

const resources = (lines: RunnerLine[]) => lines.filter((line) => line.type === 'resource');
const changesOf = (lines: RunnerLine[]) => lines.flatMap((line) => (line.type === 'result' ? [line.changes] : []))[0];
const phasesOf = (lines: RunnerLine[]) => lines.flatMap((line) => (line.type === 'phase' ? [line.phase] : []));

describe('the life of a stack', () => {
  test('up, resize, drift, repair, destroy', async () => {
    const server = lab.spec('life');
    const [hostname] = server.hostnames as [string];

    // Up: the server answers under its name, by DNS and TLS.
    const { outputs, lines } = await lab.up(server);
    const first = await health(hostname);
    expect(first).toMatchObject({ instanceId: server.instanceId, version: '1.0.0', boots: 1 });
    expect(await reach.resolve(hostname)).toEqual([outputs.addresses[0]!.split(':')[0]]);
    expect((await lab.owned(server)).sort()).toEqual([
      'addresses address-node-1',
      'hosts host-node-1-m1',
      `records record-${hostname}`,
      'volumes volume-node-1',
    ]);

    // Its progress reaches the total and never decreases.
    expect(phasesOf(lines)).toEqual(['enrol', 'up']);
    const counts = resources(lines).map(({ done }) => done);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(resources(lines).at(-1)).toMatchObject({
      name: 'host-node-1-m1',
      kind: 'Host',
      status: 'done',
      done: 4,
      total: 4,
    });

    // The host got the enrolment token; it is in plaintext neither in the lines nor in the state.
    const contract = await lab.pulumi('stack', 'export', '--stack', `inst-${server.instanceId}`);
    expect(lab.licence.calls.map(({ path }) => path)).toContain('/v1/admin/enrollments');
    expect(contract).not.toContain('enr_');
    expect(contract).not.toContain(lab.cloud.token);
    expect(JSON.stringify(lines)).not.toContain('enr_');

    // The plain CLI sees the stack.
    expect(await servers()).toMatchObject([
      { name: expect.stringContaining(`inst-${server.instanceId}`), resourceCount: 7 },
    ]);
    const history = await lab.pulumi('stack', 'history', '--json', '--stack', `inst-${server.instanceId}`);
    expect(JSON.parse(history)).toMatchObject([{ kind: 'update', result: 'succeeded' }]);

    // Up again changes nothing, and a larger size changes the host in place.
    expect(changesOf((await lab.up(server)).lines)).toEqual({ same: 6 });
    const grown = { ...server, diskGib: 20, tags: { 'freehold:plan': 'GROW' } };
    const larger = withMachines(grown, [{ name: 'm1', size: 'local-2' }]);
    const resized = await lab.up(larger);
    expect(changesOf(resized.lines)).toMatchObject({ update: 4 });
    expect(resized.outputs).toEqual(outputs);
    expect(await lab.hosts(server)).toMatchObject([{ size: 'local-2', tags: { 'freehold:plan': 'GROW' } }]);
    expect((await health(hostname)).boots).toBe(2);

    // Refresh notices a host and a route that disappeared; up repairs both on the same volume.
    const [host] = await lab.hosts(server);
    await lab.cloud.client.remove('hosts', host!.id);
    const [record] = await lab.cloud.client.list('records', { name: hostname });
    await lab.cloud.client.remove('records', record!.id);
    expect(changesOf((await lab.refresh(larger)).lines)).toMatchObject({ delete: 2 });
    expect(await lab.hosts(server)).toEqual([]);
    const repaired = await lab.up(larger);
    expect(changesOf(repaired.lines)).toMatchObject({ create: 2 });
    expect(repaired.outputs.volumeIds).toEqual(outputs.volumeIds);
    const third = await health(hostname);
    expect(third.boots).toBe(3);

    // Refresh notices a host that is down; up starts it again.
    const [down] = await lab.hosts(server);
    await lab.cloud.client.stopHost(down!.id);
    expect(changesOf((await lab.refresh(larger)).lines)).toMatchObject({ update: 1 });
    expect((await lab.hosts(server))[0]).toMatchObject({ state: 'stopped' });
    await lab.up(larger);
    const fourth = await health(hostname);
    expect(fourth.boots).toBe(4);

    // Destroy leaves nothing, although the volume is protected and the licence server is down.
    const calls = lab.licence.calls.length;
    await lab.destroy(larger);
    expect(await lab.owned(server)).toEqual([]);
    expect(isRunning(fourth.pid)).toBe(false);
    expect(await servers()).toEqual([]);
    expect(await reach.resolve(hostname)).toEqual([]);
    expect(lab.licence.calls).toHaveLength(calls);
    expect(await lab.leftovers()).toEqual([]);

    // Destroying what does not exist is a success.
    await lab.destroy(larger);
  }, 120_000);

  test('another machine takes over volume and address; suspended the server keeps both', async () => {
    const server = lab.spec('moved');
    const [hostname] = server.hostnames as [string];
    const old = { name: 'm1', size: 'local-1' };
    const next = { name: 'm2', size: 'local-2' };
    const { outputs } = await lab.up(server);
    const [first] = await lab.hosts(server);
    expect((await health(hostname)).boots).toBe(1);

    // The new machine exists beside the old one and does not affect it.
    await lab.up(withMachines(server, [old, next], 'm1'));
    const states = async () => (await lab.hosts(server)).map(({ name, state }) => `${name.split('-').at(-1)} ${state}`);
    expect((await states()).sort()).toEqual(['m1 running', 'm2 idle']);
    expect((await health(hostname)).boots).toBe(1);

    // It takes over: the same address, the same data.
    const moved = await lab.up(withMachines(server, [old, next], 'm2'));
    expect((await states()).sort()).toEqual(['m1 idle', 'm2 running']);
    expect(moved.outputs).toMatchObject({ addresses: outputs.addresses, volumeIds: outputs.volumeIds });
    expect((await health(hostname)).boots).toBe(2);

    // And back, as in an undo.
    await lab.up(withMachines(server, [old, next], 'm1'));
    expect((await health(hostname)).boots).toBe(3);
    await lab.up(withMachines(server, [old, next], 'm2'));
    const alone = withMachines(server, [next]);
    await lab.up(alone);
    expect((await health(hostname)).boots).toBe(4);
    expect(await lab.hosts(server)).toMatchObject([{ size: 'local-2', state: 'running' }]);
    expect(await lab.hosts(server)).not.toMatchObject([{ id: first!.id }]);
    expect(await lab.disorder(alone)).toEqual([]);

    const suspended = withMachines(server, []);
    const { outputs: asleep } = await lab.up(suspended);
    expect(asleep).toEqual({ ...outputs, serverIds: [] });
    expect(await lab.disorder(suspended)).toEqual([]);
    await lab.up(alone);
    expect((await health(hostname)).boots).toBe(5);
    await lab.destroy(alone);
    expect(await lab.owned(server)).toEqual([]);
  }, 120_000);

  test('the last copy of a volume holds its data and outlives its server', async () => {
    const server = lab.spec('ended');
    await lab.up(server);
    await health(server.hostnames[0]!);
    const [volume] = await lab.cloud.client.list('volumes', { tag: ['freehold:instance', server.instanceId] });
    const written = readdirSync(join(lab.cloud.folder, 'data', 'volumes', volume!.id));
    expect(written.length).toBeGreaterThan(0);
    await lab.destroy(server, { finalSnapshot: { keepUntil: '2026-12-28' } });
    expect(await lab.owned(server)).toEqual([]);
    const about = { 'freehold:snapshot-of': server.instanceId, 'freehold:final-snapshot': '2026-12-28' };
    const copies = await lab.cloud.client.snapshots();
    expect(copies).toMatchObject([{ volumeId: volume!.id, tags: { ...about, 'freehold:resource': 'volume-node-1' } }]);
    const copied = readdirSync(join(lab.cloud.folder, 'data', 'snapshots', copies[0]!.id, 'data'));
    expect(written.filter((name) => !copied.includes(name))).toEqual([]);
    await lab.cloud.client.removeSnapshot(copies[0]!.id);
    expect(await lab.cloud.client.snapshots()).toEqual([]);
  }, 60_000);

  test('two hostnames and the loss of one', async () => {
    const server = lab.spec('pair');
    const hostnames = [server.hostnames[0]!, 'pair-too.local.freehold.localhost'];
    await lab.up({ ...server, hostnames });
    expect((await health(hostnames[1]!)).instanceId).toBe(server.instanceId);
    await lab.up(server);
    await until(async () => (await reach.resolve(hostnames[1]!)).length === 0);
    expect((await health(hostnames[0]!)).boots).toBe(1);
    await lab.destroy(server);
    expect(await lab.owned(server)).toEqual([]);
  }, 60_000);
});
