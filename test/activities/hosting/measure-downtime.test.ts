import { expect, test } from '@jest/globals';
import { watchGap } from '../../../src/activities/hosting/measure-downtime.ts';
import { until } from '../../support/until.ts';

test('a gap that is still open when the watch ends counts up to then', async () => {
  let looks = 0;
  const watch = watchGap(async () => {
    looks += 1;
    return looks === 1 ? undefined : 'no answer';
  });
  await until(() => looks > 2);
  await watch.stop();
  expect(watch.gapMs()).toBeGreaterThan(0);
});

test('a server that answers every look has no gap', async () => {
  let looks = 0;
  const watch = watchGap(async () => {
    looks += 1;
  });
  await until(() => looks > 2);
  await watch.stop();
  expect(watch.gapMs()).toBe(0);
});
