import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { openSmokeWorld, resultsOf, type SmokeWorld, timeoutMs } from './smoke-world.ts';

/** How `npm run smoke` ends when it does not go its way, against the double of AWS. */
let world: SmokeWorld;
beforeAll(async () => {
  world = await openSmokeWorld();
  await world.prepare('aws');
}, timeoutMs);
afterEach(() => world?.clearFaults('aws'));
afterAll(() => world?.close(), timeoutMs);

test(
  'past the time limit everything is destroyed, and the run has failed',
  async () => {
    await world.fault('aws', { on: 'create', type: 'instance:Instance', fault: 'slow', ms: 600_000 });
    const running = world.start('--minutes', '0.2', 'aws');
    await world.until(async () => /ENDS: /.test(running.shown()), {
      limitMs: timeoutMs,
      what: 'the limit has passed',
    });
    await world.clearFaults('aws');
    const { code, summary, shown } = await running.ended;
    expect(code).toBe(1);
    expect(shown).toContain('ENDS: the time limit of 0.2 min has passed');
    const [aws] = summary!.clouds;
    expect(aws).toMatchObject({ result: 'failed', why: 'the time limit of 0.2 min has passed', left: [] });
    expect(resultsOf(summary)['nothing is left at the cloud']).toBe('passed');
    expect(summary!.remembered).toEqual([]);
    expect(await world.objects('aws')).toEqual([]);
  },
  timeoutMs,
);

test(
  'Ctrl-C destroys what was built',
  async () => {
    const running = world.start('aws');
    await world.until(async () => (await world.objects('aws')).length > 3, {
      limitMs: timeoutMs,
      what: 'build',
    });
    running.child.kill('SIGINT');
    const { code, summary } = await running.ended;
    expect(code).toBe(130);
    expect(summary!.clouds[0]).toMatchObject({ result: 'interrupted', why: 'interrupted by SIGINT', left: [] });
    expect(await world.objects('aws')).toEqual([]);
  },
  timeoutMs,
);

test(
  'what cannot be destroyed is listed with its ids, fails the run and stays remembered; --clean takes it away',
  async () => {
    await world.fault('aws', { on: 'delete', type: 'eip:Eip', fault: 'denied', times: 1_000 });
    const { code, summary, shown } = await world.run('aws');
    expect(code).toBe(1);
    const { left, result } = summary!.clouds[0]!;
    expect(result).toBe('failed');
    expect(left.map(({ kind }) => kind)).toContain('elastic-ip');
    for (const { id } of left) expect(shown).toContain(`(${id})`);
    expect(summary!.remembered).toHaveLength(1);

    await world.clearFaults('aws');
    const cleaned = await world.run('--clean', 'aws');
    if (cleaned.code !== 0) throw new Error(cleaned.shown);
    expect(cleaned.summary).toMatchObject({ cleaned: [summary!.remembered[0]!.instanceId], remembered: [] });
    expect(cleaned.summary!.clouds[0]).toMatchObject({ instanceId: null, estimateCents: null });
    expect(await world.objects('aws')).toEqual([]);
  },
  timeoutMs,
);
