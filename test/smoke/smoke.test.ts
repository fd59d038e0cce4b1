import { delimiter, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { openMemory, type RememberedRun } from '../../smoke/run-record.ts';
import { specOf } from '../../smoke/smoke-cloud.ts';
import { openSmokeWorld, resultsOf, type SmokeWorld, timeoutMs } from './smoke-world.ts';

/** `npm run smoke` against the double of AWS, as a process; smoke.full.test.ts has the other clouds. */
let world: SmokeWorld;
beforeAll(async () => {
  world = await openSmokeWorld();
  await world.prepare('aws');
}, timeoutMs);
afterEach(() => world?.clearFaults('aws'));
afterAll(() => world?.close(), timeoutMs);

test(
  'what a run that was killed has left is destroyed first; then a server goes up, is looked at from every side and goes',
  async () => {
    const killed = world.start('aws');
    await world.until(async () => (await world.objects('aws')).length > 3, {
      limitMs: timeoutMs,
      what: 'build',
    });
    killed.child.kill('SIGKILL');
    await killed.ended;
    const left = (await world.objects('aws')).length;
    expect(left).toBeGreaterThan(3);

    // A run that may not look there cleans nothing, and is no success.
    const { DIGITALOCEAN_TOKEN } = world.env;
    delete world.env.DIGITALOCEAN_TOKEN;
    const elsewhere = await world.run('digitalocean');
    world.env.DIGITALOCEAN_TOKEN = DIGITALOCEAN_TOKEN;
    expect(elsewhere.code).toBe(1);
    expect(elsewhere.summary!.remembered).toMatchObject([{ cloud: 'aws' }]);
    expect(elsewhere.shown).toContain('NOT CLEANED UP');

    const { instanceId } = elsewhere.summary!.remembered[0]!;
    const { code, summary, shown } = await world.run('aws');
    if (code !== 0) throw new Error(shown);
    expect(summary).toMatchObject({ ok: true, cleaned: [instanceId], remembered: [] });
    expect(shown).toMatch(new RegExp(`left ${instanceId}, which is destroyed first`));
    const [aws] = summary!.clouds;
    expect(aws!.instanceId).not.toBe(instanceId);
    expect(aws).toMatchObject({ cloud: 'aws', simulated: true, result: 'passed', why: '', left: [] });
    expect(aws!.estimateCents).toBe(4);
    expect(resultsOf(summary)).toEqual({
      build: 'passed',
      'every object is found by its tag': 'passed',
      'no built resource violates a policy': 'passed',
      'DNS answers the hostname': 'passed',
      'HTTPS answers with a trusted certificate': 'passed',
      'the product answers as this instance': 'passed',
      'the licence server has seen the node': 'not_checked',
      'ports of the host contract are open': 'not_checked',
      'SSH and remote desktop are closed': 'not_checked',
      'all other ports are closed': 'not_checked',
      'HTTP/3 (UDP 443) is open': 'not_checked',
      'a second up changes nothing': 'passed',
      'nothing is left at the cloud': 'passed',
    });
    expect(await world.objects('aws')).toEqual([]);
    // Nobody takes it for the cloud, and what was not checked is told.
    const lines = shown.split('\n').filter((line) => line.includes('aws'));
    expect(lines.filter((line) => !line.includes('aws (simulated)') && !line.startsWith('  '))).toEqual([]);
    expect(shown).toMatch(/\? SSH and remote desktop are closed: NOT CHECKED: the addresses of a simulated cloud/);
    expect(shown).toMatch(/identity arn:aws:/);
    expect(shown).not.toContain(world.env.AWS_SECRET_ACCESS_KEY);
  },
  timeoutMs,
);

test(
  'above the ceiling nothing is created, and the exit code says so',
  async () => {
    const { code, summary } = await world.run('--ceiling', '0.03', 'aws');
    expect(code).toBe(4);
    expect(summary!.clouds[0]).toMatchObject({ result: 'refused', estimateCents: 4, instanceId: null });
    expect(summary!.clouds[0]!.why).toBe('0.04 USD in total would exceed the ceiling of 0.03 USD');
    expect(await world.objects('aws')).toEqual([]);
  },
  timeoutMs,
);

test(
  'what stands in the way is told before anything is created: settings, the plugin of the engine, another account',
  async () => {
    async function runWith(change: NodeJS.ProcessEnv) {
      const before = { ...world.env };
      Object.assign(world.env, change);
      const { code, summary } = await world.run('aws');
      Object.assign(world.env, before);
      const { result, why, instanceId } = summary!.clouds[0]!;
      expect(instanceId).toBeNull();
      return { code, result, why };
    }

    expect(await runWith({ FREEHOLD_HOST_IMAGE: '' })).toEqual({
      ...{ code: 3, result: 'skipped', why: 'settings are missing: not set: FREEHOLD_HOST_IMAGE' },
    });
    const [, ...path] = world.env.PATH!.split(delimiter);
    const blind = await runWith({ PATH: path.join(delimiter) });
    expect(blind).toMatchObject({ code: 4, result: 'refused' });
    expect(blind.why).toMatch(/PULUMI_HOME=\S+ pulumi plugin install resource aws \d+\.\d+\.\d+$/);

    const memory = openMemory(join(world.env.FREEHOLD_STATE_DIR!, 'smoke', 'runs'));
    const spec = specOf({ cloud: 'aws', region: 'us-east-1', baseDomain: 'example.org' });
    const since = '2026-11-28T00:00:00.000Z';
    const foreign: RememberedRun = { cloud: 'aws', account: 'account 123456789012', simulated: false, spec, since };
    memory.note(foreign);
    const why = `${spec.instanceId} was built in account 123456789012, and this is account 000000000000`;
    expect(await runWith({})).toEqual({ code: 1, result: 'failed', why });
    expect(memory.all()).toEqual([foreign]);
    memory.forget(foreign);
    expect(await world.objects('aws')).toEqual([]);
  },
  timeoutMs,
);
