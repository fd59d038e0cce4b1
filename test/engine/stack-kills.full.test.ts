import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PrivateServerSpec } from '../../src/contracts/stack.ts';
import { descendants, identify, sessionMembers, signalProcess } from '../../src/stacks/processes.ts';
import { randomOf } from '../support/random.ts';
import { kill } from '../support/small-cloud.ts';
import { openStackLab, partOf, type StackLab } from '../support/stack-lab.ts';
import { until } from '../support/until.ts';

/**
 * Kills at random moments of an up. `FREEHOLD_TEST_SEED=<seed>` repeats a failure, as far as timing on the machine
 * repeats.
 */
const seed = Number(process.env.FREEHOLD_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const rounds = 2;
/** Approximate duration of an up on an idle machine, ms. */
const longestMs = 3_500;

const clouds = {
  'with create tokens': { rules: {}, lagMs: 0 },
  'without create tokens, with late lists': { rules: { createTokens: false, listingDelayMs: 400 }, lagMs: 600 },
};

let lab: StackLab;
beforeAll(async () => {
  lab = await openStackLab();
}, 30_000);
afterAll(async () => {
  await lab?.close();
}, 30_000);

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;

/** Pid of a process of an operation that `owner` runs; undefined while there is none. */
function findPart(owner: number, part: 'owner' | 'runner' | 'engine' | 'provider'): number | undefined {
  if (part === 'owner') return owner;
  return descendants(owner).find(({ pid }) => partOf(pid) === part)?.pid;
}

describe(`kills at random moments, seed ${seed}`, () => {
  const random = randomOf(seed);
  describe.each(Object.entries(clouds))('on a cloud %s', (_name, { rules, lagMs }) => {
    for (const victim of ['owner', 'runner', 'engine', 'provider'] as const) {
      for (let round = 1; round <= rounds; round += 1) {
        const afterMs = Math.round(random() * longestMs);
        test(`of the ${victim} after ${afterMs} ms leave one of each in the end`, async () => {
          const server = lab.spec(`${victim}-${round}-${lagMs}`);
          await lab.cloud.rules(rules);
          await lab.cloud.faults({ createHostMs: 1_000 });
          lab.env.LOCAL_CLOUD_LISTING_LAG_MS = String(lagMs);
          const program = join(import.meta.dirname, '../support/stack-owner.mjs');
          const owner = spawn(process.execPath, [program], { env: lab.env, stdio: ['pipe', 'ignore', 'ignore'] });
          owner.stdin.end(JSON.stringify(lab.request('up', server)));

          await delay(afterMs);
          const pid = await until(() => findPart(owner.pid!, victim) ?? (hasEnded(owner) ? -1 : null));
          const runner = findPart(owner.pid!, 'runner');
          if (pid > 0) kill(pid);
          await until(() => hasEnded(owner), { limitMs: 60_000, what: 'the owner has ended' });

          await lab.runWhenFree(lab.request('up', server));
          await lab.cloud.rules({ ...rules, listingDelayMs: 0 });
          expect(await lab.disorder(server, runner ? [runner] : [])).toEqual([]);
          await lab.destroy(server);
          expect(await lab.owned(server)).toEqual([]);
          expect(runner === undefined || identify(runner) === null || sessionMembers(runner).length === 0).toBe(true);
        }, 180_000);
      }
    }
  });
});

/** Bytes of the state and ids at the cloud, to detect writes. */
async function picture(server: PrivateServerSpec) {
  return { state: await lab.readState(server), ids: await lab.idsAtCloud(server), lease: await lab.lease(server) };
}

test('a holder that is frozen on another machine ends itself when it wakes, and never writes again', async () => {
  Object.assign(lab.env, {
    FREEHOLD_LEASE_MS: '5000',
    FREEHOLD_LEASE_LOST_MS: '4000',
    FREEHOLD_LEASE_RENEW_MS: '500',
    FREEHOLD_LEASE_MARGIN_MS: '500',
  });
  await lab.cloud.rules({});
  const server = lab.spec('far');
  const { running, sid } = await lab.beginUp(server);
  const members = sessionMembers(sid);
  for (const pid of members) signalProcess(pid, 'SIGSTOP');
  await lab.changeLease(server, { host: 'another machine' });
  await lab.cloud.clearFaults();
  await lab.runWhenFree(lab.request('up', server));
  expect(sessionMembers(sid).sort()).toEqual(members.sort());
  const before = await picture(server);
  signalProcess(sid, 'SIGCONT');
  await expect(running).rejects.toMatchObject({ code: 'runner_died' });
  for (const pid of members) signalProcess(pid, 'SIGCONT');
  expect(await lab.disorder(server, [sid])).toEqual([]);
  expect(await picture(server)).toEqual(before);
  await lab.destroy(server);
}, 90_000);
