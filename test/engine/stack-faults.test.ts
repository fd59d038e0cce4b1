import { execFileSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { PrivateServerSpec, RunnerLine } from '../../src/contracts/stack.ts';
import { sessionMembers } from '../../src/stacks/processes.ts';
import { runStack } from '../../src/stacks/runner/run-stack.ts';
import { closeRunnerPool, prewarmRunner, startRunner } from '../../src/stacks/runner/runner-process.ts';
import { isRunning, kill } from '../support/small-cloud.ts';
import { openStackLab, partOf, type StackLab, withMachines } from '../support/stack-lab.ts';
import { until } from '../support/until.ts';

let lab: StackLab;
beforeAll(async () => {
  lab = await openStackLab();
}, 30_000);
afterEach(async () => {
  await lab.cloud.clearFaults();
  await lab.cloud.rules({});
});
afterAll(async () => {
  await lab?.close();
}, 30_000);

/** Live runners of this process, by session. */
function runners(): number[] {
  const text = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' });
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, ...args]) => Number(parent) === process.pid && args.join(' ').includes('stacks/runner/main.ts'))
    .map(([pid]) => Number(pid));
}

/** Starts an up whose host takes long to create, and waits until it is being created. */
async function beginSlowUp(server: PrivateServerSpec, signal?: AbortSignal) {
  await lab.cloud.faults({ createHostMs: 20_000 });
  const lines: RunnerLine[] = [];
  const running = runStack(lab.request('up', server), {
    ...{ env: lab.env, onLine: (line: RunnerLine) => lines.push(line) },
    ...(signal ? { signal } : {}),
  });
  running.catch(() => undefined);
  await until(async () => (await lab.hosts(server)).length === 1, {
    limitMs: 20_000,
    what: 'the host is being created',
  });
  const [sid] = runners();
  return { running, lines, sid: sid! };
}

describe('an operation that goes wrong', () => {
  test('a lost reply to a create makes no second host', async () => {
    const server = lab.spec('lost');
    await lab.cloud.faults({ createHost: 'lose-reply', times: 1 });
    const { outputs } = await lab.up(server);
    expect((await lab.hosts(server)).map(({ id }) => id)).toEqual(outputs.serverIds);
    await lab.destroy(server);
  }, 30_000);

  test('without create tokens a create that was repeated inside of one up is swept by the same up', async () => {
    const server = lab.spec('twice');
    await lab.cloud.rules({ createTokens: false });
    await lab.cloud.faults({ createAddress: 'lose-reply', times: 1 });
    const { outputs, lines } = await lab.up(server);
    expect(lines).toContainEqual(expect.objectContaining({ text: expect.stringContaining('removes addresses') }));
    expect(await lab.owned(server)).toHaveLength(4);
    const [address] = await lab.cloud.client.list('addresses', { tag: ['freehold:instance', server.instanceId] });
    expect(outputs.addresses).toEqual([address!.address]);
    await lab.destroy(server);
    expect(await lab.owned(server)).toEqual([]);
  }, 60_000);

  test('quota, outage and refusal of the cloud are distinguished', async () => {
    const server = lab.spec('refused');
    await lab.cloud.faults({ createHost: 'quota', times: 1 });
    await expect(lab.up(server)).rejects.toMatchObject({ code: 'cloud_quota' });
    await lab.cloud.faults({ createHost: 'fail', times: 3 });
    await expect(lab.up(server)).rejects.toMatchObject({ code: 'cloud_unavailable' });
    const failed = lab.up(withMachines(server, [{ name: 'm1', size: 'local-1', image: '9.9.9' }]));
    await expect(failed).rejects.toMatchObject({
      code: 'stack_failed',
      detail: expect.stringContaining('unknown_image'),
    });
    await lab.destroy(server);
    expect(await lab.owned(server)).toEqual([]);
  }, 60_000);

  test('without the licence server nothing is built; a cloud that is not enabled is refused', async () => {
    const server = lab.spec('unlicensed');
    const env = { ...lab.env, LICENCE_SERVER_URL: 'http://127.0.0.1:9' };
    await expect(runStack(lab.request('up', server), { env })).rejects.toMatchObject({
      code: 'licence_server_unavailable',
    });
    expect(await lab.owned(server)).toEqual([]);
    await expect(lab.up({ ...server, cloud: 'aws' })).rejects.toMatchObject({ code: 'cloud_not_enabled' });
    await lab.destroy(server);
  }, 30_000);

  test('two operations on one stack: the second is refused', async () => {
    const server = lab.spec('busy');
    const { running } = await beginSlowUp(server);
    const [lock] = await lab.locks(server);
    await expect(lab.up(server)).rejects.toMatchObject({ code: 'stack_busy' });
    expect(await lab.locks(server)).toEqual([lock]);
    await lab.cloud.faults({ createHostMs: 0 });
    await expect(running).resolves.toMatchObject({ addresses: [expect.any(String)], volumeIds: [expect.any(String)] });
    expect(await lab.disorder(server)).toEqual([]);
    await lab.cloud.clearFaults();
    await lab.destroy(server);
  }, 60_000);

  test('an abort goes down the ladder and leaves no process; destroy cleans up', async () => {
    const server = lab.spec('aborted');
    const stop = new AbortController();
    const { running, sid } = await beginSlowUp(server, stop.signal);
    expect(sessionMembers(sid).length).toBeGreaterThanOrEqual(3);
    stop.abort(new Error('cancelled by the customer'));
    await expect(running).rejects.toThrow('cancelled by the customer');
    expect(sessionMembers(sid)).toEqual([]);
    const [host] = await lab.hosts(server);
    await lab.cloud.clearFaults();
    await lab.destroy(server);
    expect(await lab.owned(server)).toEqual([]);
    expect(isRunning(host!.pid)).toBe(false);
    expect(await lab.leftovers()).toEqual([]);
  }, 60_000);

  test.each(['runner', 'engine', 'provider'] as const)(
    'a killed %s ends the attempt, and the next one recovers',
    async (victim) => {
      const server = lab.spec(`killed-${victim}`);
      const { running, sid } = await beginSlowUp(server);
      const members = sessionMembers(sid);
      kill(victim === 'runner' ? sid : members.find((pid) => partOf(pid) === victim)!);
      await expect(running).rejects.toMatchObject({ code: 'runner_died' });
      expect(sessionMembers(sid)).toEqual([]);
      // What such an end leaves behind.
      if (victim !== 'provider') {
        expect(await lab.state(server)).toMatchObject({ pending: 1 });
        expect(await lab.locks(server)).toHaveLength(1);
      }
      await lab.cloud.clearFaults();
      // The lease records that the previous work did not end cleanly, whatever the caller knows.
      const { outputs } = await lab.up(server);
      expect((await lab.hosts(server)).map(({ id }) => id)).toEqual(outputs.serverIds);
      expect(await lab.disorder(server, [sid])).toEqual([]);
      await lab.destroy(server);
      expect(await lab.owned(server)).toEqual([]);
    },
    60_000,
  );

  test('when its owner is gone, a runner stops its work and gives the lease back', async () => {
    const server = lab.spec('orphan');
    await lab.cloud.faults({ createHostMs: 20_000 });
    const runner = startRunner(lab.env);
    runner.child.stdout!.resume();
    runner.child.stdin!.write(`${JSON.stringify(lab.request('up', server))}\n`);
    await until(async () => (await lab.hosts(server)).length === 1, { limitMs: 20_000 });
    runner.child.stdin!.end();
    expect(await runner.ended).toMatchObject({ code: 1 });
    expect(sessionMembers(runner.sid)).toEqual([]);
    await lab.cloud.clearFaults();
    await lab.destroy(server);
    expect(await lab.owned(server)).toEqual([]);
  }, 60_000);

  test('a runner that loses its lease kills its session at once', async () => {
    const server = lab.spec('robbed');
    lab.env.FREEHOLD_LEASE_RENEW_MS = '100';
    const { running, sid } = await beginSlowUp(server);
    delete lab.env.FREEHOLD_LEASE_RENEW_MS;
    await lab.changeLease(server, { owner: 'another', host: 'another machine' });
    await expect(running).rejects.toMatchObject({ code: 'runner_died' });
    expect(sessionMembers(sid)).toEqual([]);
    await lab.changeLease(server, { owner: null });
    await lab.cloud.clearFaults();
    await lab.destroy(server);
  }, 60_000);

  test('a runner started in advance serves an operation, and ends with its pool', async () => {
    const server = lab.spec('warm');
    prewarmRunner(lab.env);
    const [waiting] = runners();
    const seen: number[] = [];
    await runStack(lab.request('up', server), { env: lab.env, onLine: () => seen.push(...runners()) });
    expect(new Set(seen)).toEqual(new Set([waiting]));
    const [next] = await until(() => (runners().some((pid) => pid !== waiting) ? runners() : null));
    await closeRunnerPool();
    expect(isRunning(next!)).toBe(false);
    await lab.destroy(server);
  }, 60_000);
});
