import { expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createHeartbeatInterceptor, heartbeat } from '../../../src/activities/lib/heartbeat-interceptor.ts';
import { until } from '../../support/until.ts';

/** Runs one activity inside of the interceptor; `heartbeats` counts. */
function run(heartbeatTimeoutMs: number, activity: (heartbeats: () => number) => Promise<unknown>) {
  const environment = new MockActivityEnvironment({ heartbeatTimeoutMs });
  let count = 0;
  environment.on('heartbeat', () => {
    count += 1;
  });
  const heartbeats = () => count;
  const { execute } = createHeartbeatInterceptor();
  const ended = environment.run(() => execute!({ args: [], headers: {} }, () => activity(heartbeats)));
  return { ended, heartbeats };
}

const fourHeartbeats = (heartbeats: () => number) =>
  until(() => heartbeats() >= 4, { what: 'four heartbeats', everyMs: 5 });

test('an activity without details sends heartbeats until it ends, several within its timeout', async () => {
  const { ended, heartbeats } = run(200, fourHeartbeats);
  await ended;
  const atEnd = heartbeats();
  await run(200, fourHeartbeats).ended;
  expect(heartbeats()).toBe(atEnd);
});

test('one that failed sends no more heartbeats', async () => {
  const { ended, heartbeats } = run(200, async (count) => {
    await fourHeartbeats(count);
    throw new Error('no');
  });
  await expect(ended).rejects.toThrow('no');
  const atEnd = heartbeats();
  await run(200, fourHeartbeats).ended;
  expect(heartbeats()).toBe(atEnd);
});

test('what an activity said last is said again with every beat, of this activity alone', async () => {
  const environment = new MockActivityEnvironment({ heartbeatTimeoutMs: 200 });
  const heard: unknown[] = [];
  environment.on('heartbeat', (details: unknown) => heard.push(details));
  const other = run(200, fourHeartbeats);
  await environment.run(() =>
    createHeartbeatInterceptor().execute!({ args: [], headers: {} }, async () => {
      await until(() => heard.length >= 1, { what: 'a beat', everyMs: 5 });
      heartbeat({ phase: 'dns' });
      heartbeat({ phase: 'tls' });
      const said = heard.length;
      await until(() => heard.length >= said + 2, { what: 'two more beats', everyMs: 5 });
    }),
  );
  await other.ended;
  expect(heard[0]).toBeUndefined();
  expect(heard.slice(heard.findIndex(Boolean))).toEqual([
    { phase: 'dns' },
    ...heard.slice(heard.findIndex(Boolean) + 1).map(() => ({ phase: 'tls' })),
  ]);
});

test('one without a heartbeat timeout does not beat', async () => {
  const { ended, heartbeats } = run(0, () => run(200, fourHeartbeats).ended);
  await ended;
  expect(heartbeats()).toBe(0);
});
