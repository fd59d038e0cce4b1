import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { RunnerLine } from '../../src/contracts/stack.ts';
import { signalProcess } from '../../src/stacks/processes.ts';
import { kill } from '../support/small-cloud.ts';
import { openStackLab, type StackLab, withMachines } from '../support/stack-lab.ts';

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

const phasesOf = (lines: RunnerLine[]) => lines.flatMap((line) => (line.type === 'phase' ? [line.phase] : []));

describe('a holder that is frozen past its lease', () => {
  beforeAll(() => {
    Object.assign(lab.env, {
      FREEHOLD_LEASE_MS: '4000',
      FREEHOLD_LEASE_LOST_MS: '3500',
      FREEHOLD_LEASE_RENEW_MS: '500',
      FREEHOLD_LEASE_MARGIN_MS: '500',
    });
  });
  afterAll(() => {
    for (const name of Object.keys(lab.env)) if (name.startsWith('FREEHOLD_LEASE_')) delete lab.env[name];
  });

  test('on this machine is killed with its session before the next one begins', async () => {
    const server = lab.spec('frozen');
    const { running, sid } = await lab.beginUp(server);
    signalProcess(sid, 'SIGSTOP');
    await expect(lab.up(server)).rejects.toMatchObject({ code: 'stack_busy' });
    await lab.cloud.clearFaults();
    await lab.runWhenFree(lab.request('up', server));
    await expect(running).rejects.toMatchObject({ code: 'runner_died' });
    expect(await lab.disorder(server, [sid])).toEqual([]);
    await lab.destroy(server);
  }, 90_000);
});

describe('an engine that died with its lock', () => {
  test('while it made the stack: the next one makes it all the same', async () => {
    const server = lab.spec('unborn');
    await lab.leaveLock(server);
    await lab.up(server);
    expect(await lab.disorder(server)).toEqual([]);
    expect(await lab.stacksOf(server)).toEqual([`inst-${server.instanceId}.json`]);
    await lab.destroy(server);
  }, 90_000);

  test('before anything was in its stack: the next one goes on', async () => {
    const server = lab.spec('empty');
    await lab.up(server);
    await lab.forgetObjects(server);
    await lab.leaveLock(server);
    await lab.up(server, { recover: true });
    expect(await lab.disorder(server)).toEqual([]);
    await lab.destroy(server);
  }, 90_000);

  test('and is not wanted any more: neither lock nor stack stays', async () => {
    const server = lab.spec('unwanted');
    await lab.up(server);
    await lab.destroy(server);
    await lab.changeLease(server, { settled: false });
    await lab.leaveLock(server);
    await lab.destroy(server);
    expect(await lab.locks(server)).toEqual([]);
    expect(await lab.stacksOf(server)).toEqual([]);
  }, 90_000);
});

describe('a cloud without create tokens whose lists come late', () => {
  test('keeps one of each when replies to creates are lost', async () => {
    const server = lab.spec('late');
    await lab.cloud.rules({ createTokens: false, uniqueRecords: false, listingDelayMs: 2_000 });
    lab.env.LOCAL_CLOUD_LISTING_LAG_MS = '2500';
    await lab.cloud.faults({ createAddress: 'lose-reply', createRecord: 'lose-reply', createHost: 'lose-reply' });
    const { outputs, lines } = await lab.up(server);
    // The second host is refused, because the first one has the volume; without the first one all goes well.
    expect(phasesOf(lines)).toEqual(['enrol', 'up', 'recover', 'refresh', 'up']);
    const done = lines.flatMap((line) => (line.type === 'resource' ? [line.done] : []));
    expect(done).toEqual([...done].sort((a, b) => a - b));
    await lab.cloud.rules({ createTokens: false });
    expect((await lab.hosts(server)).map(({ id }) => id)).toEqual(outputs.serverIds);
    expect(await lab.disorder(server)).toEqual([]);

    // An undo that follows at once does not trust an empty list.
    await lab.cloud.rules({ createTokens: false, listingDelayMs: 2_000 });
    await lab.forgetObjects(server);
    await lab.destroy(server);
    delete lab.env.LOCAL_CLOUD_LISTING_LAG_MS;
    await lab.cloud.rules({});
    expect(await lab.owned(server)).toEqual([]);
  }, 90_000);
});

describe('a state that is older than the cloud', () => {
  test('before the pivot: what it does not know goes, what is gone is made again', async () => {
    const server = lab.spec('old');
    await lab.up(server);
    const older = await lab.readState(server);
    const desired = { ...server, hostnames: [...server.hostnames, 'old-too.local.freehold.localhost'] };
    await lab.up(desired);
    await lab.writeState(server, older);
    const [host] = await lab.hosts(server);
    await lab.cloud.client.remove('hosts', host!.id);
    const { outputs } = await lab.up(desired, { recover: true });
    expect(outputs.serverIds).not.toContain(host!.id);
    expect(await lab.disorder(desired)).toEqual([]);
    await lab.destroy(desired);
  }, 90_000);

  test('after the pivot: nothing is deleted, what has a free name is taken over, the rest is an operator’s', async () => {
    const server = lab.spec('taken-over');
    const { outputs } = await lab.up(server);
    const [host] = await lab.hosts(server);

    // The state loses everything; the same resources are imported, and only then changed to the new spec.
    await lab.forgetObjects(server);
    const wider = { ...server, tags: { 'freehold:plan': 'GROW' } };
    const larger = withMachines(wider, [{ name: 'm1', size: 'local-2' }]);
    const again = await lab.up(larger, { recover: true, delivered: true });
    expect(phasesOf(again.lines)).toEqual(['recover', 'enrol', 'import', 'up']);
    expect(again.outputs).toEqual(outputs);
    expect(await lab.hosts(server)).toMatchObject([{ id: host!.id, size: 'local-2', tags: larger.tags }]);
    expect(await lab.disorder(larger)).toEqual([]);
    expect((await lab.up(larger)).lines.at(-1)).toMatchObject({ type: 'result', changes: { same: 6 } });

    // A host that a killed attempt had started to create is imported too, and the pending operation removed.
    await lab.cloud.client.remove('hosts', host!.id);
    await lab.refresh(larger);
    const { running, sid } = await lab.beginUp(larger, { delivered: true });
    const [begun] = await lab.hosts(server);
    kill(sid);
    await expect(running).rejects.toMatchObject({ code: 'runner_died' });
    await lab.cloud.clearFaults();
    const taken = await lab.up(larger, { delivered: true });
    expect(taken.outputs.serverIds).toEqual([begun!.id]);
    expect(await lab.disorder(larger, [sid])).toEqual([]);

    // A second volume under an existing name is kept, and an operator has to decide, with recovery and without.
    const tags = { 'freehold:instance': server.instanceId, 'freehold:resource': 'volume-node-1' };
    const place = { name: 'second', region: 'home', zone: 'home-a', sizeGib: 10 };
    const second = await lab.cloud.client.create('volumes', { ...place, tags, token: `token of ${server.instanceId}` });
    for (const recover of [false, true]) {
      await expect(lab.up(larger, { recover, delivered: true })).rejects.toMatchObject({
        ...{ code: 'unknown_objects', detail: expect.stringContaining(second.id) },
      });
    }
    expect(await lab.idsAtCloud(server)).toContain(second.id);
    await lab.cloud.client.remove('volumes', second.id);
    await lab.up(larger, { delivered: true });
    expect(await lab.disorder(larger)).toEqual([]);
    await lab.destroy(larger);
    expect(await lab.owned(server)).toEqual([]);
  }, 120_000);
});
