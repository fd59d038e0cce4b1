import { expect, test } from '@jest/globals';
import { measureDowntime } from '../../../src/activities/hosting/measure-downtime.ts';
import { until } from '../../support/until.ts';

test('a gap that is still open when the watch ends counts up to then', async () => {
  let looks = 0;
  const watch = measureDowntime(async () => {
    looks += 1;
    return looks === 1 ? undefined : 'no answer';
  });
  await until(() => looks > 2);
  await watch.stop();
  expect(watch.downtimeMs()).toBeGreaterThan(0);
});

test('a server that answers every look has no gap', async () => {
  let looks = 0;
  const watch = measureDowntime(async () => {
    looks += 1;
  });
  await until(() => looks > 2);
  await watch.stop();
  expect(watch.downtimeMs()).toBe(0);
});
