import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { ReasonError } from '../../src/contracts/reasons.ts';
import { keepTrying, tryMeanwhile } from '../../src/workers/keep-trying.ts';
import { until } from '../support/until.ts';

const log = pino({ level: 'silent' });

/** A task that fails so many times for this reason. */
function failing(times: number, code: 'payment_access_refused' | 'payment_request_refused') {
  let tries = 0;
  return {
    tries: () => tries,
    run: async () => {
      tries += 1;
      if (tries <= times) throw new ReasonError(code);
      return 'done';
    },
  };
}

test('a process starts though its key is refused, and the task is done as soon as it is accepted', async () => {
  const task = failing(2, 'payment_access_refused');
  await tryMeanwhile(log, 'catalogue', task.run);
  expect(task.tries()).toBeLessThan(3);
  await until(() => task.tries() === 3);
});

test('what no other try can change ends the start', async () => {
  for (const start of [tryMeanwhile, keepTrying]) {
    const task = failing(1, 'payment_request_refused');
    await expect(start(log, 'catalogue', task.run)).rejects.toMatchObject({ code: 'payment_request_refused' });
  }
});

test('a start that needs its task waits for it', async () => {
  expect(await keepTrying(log, 'product', failing(1, 'payment_access_refused').run)).toBe('done');
});
