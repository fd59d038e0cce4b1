import { expect, test } from '@jest/globals';
import { measureDowntime } from '../../../src/activities/hosting/measure-downtime.ts';
import { until } from '../../support/until.ts';

test('a gap that is still open when the watch ends counts up to then', async () => {
  let polls = 0;
  const watch = measureDowntime(async () => {
    polls += 1;
    return polls === 1 ? undefined : 'no answer';
  });
  await until(() => polls > 2);
  await watch.stop();
  expect(watch.downtimeMs()).toBeGreaterThan(0);
});

test('a server that answers every poll has no downtime', async () => {
  let polls = 0;
  const watch = measureDowntime(async () => {
    polls += 1;
  });
  await until(() => polls > 2);
  await watch.stop();
  expect(watch.downtimeMs()).toBe(0);
});
