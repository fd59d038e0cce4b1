import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { retryDelayMs } from '../../../src/domain/operations/retry-cloud.ts';

const attempts = fc.integer({ min: 1, max: 10_000 });

test('a rate limit is waited out for ever, longer each time, at most 10 minutes', () => {
  expect([1, 2, 3].map((attempt) => retryDelayMs('cloud_rate_limited', attempt, ''))).toEqual([15_000, 30_000, 60_000]);
  fc.assert(fc.property(attempts, (attempt) => retryDelayMs('cloud_rate_limited', attempt, '')! <= 600_000));
});

test.each([
  ["Please try again after '5' seconds.", 15_000],
  ["Please try again after '5' minutes.", 300_000],
  ['The call can be retried in 44 seconds.', 44_000],
  ['429 with Retry-After: 90', 90_000],
])('a wait that the cloud names is honoured where it is longer: %s', (message, delay) => {
  expect(retryDelayMs('cloud_rate_limited', 1, message)).toBe(delay);
});

test('credentials get two more tries with new processes, then people', () => {
  expect([1, 2, 3, 4].map((attempt) => retryDelayMs('cloud_credentials_expired', attempt, ''))).toEqual([
    15_000,
    30_000,
    null,
    null,
  ]);
});

test('full zones are tried again for ever', () => {
  fc.assert(fc.property(attempts, (attempt) => retryDelayMs('cloud_capacity', attempt, '')! <= 900_000));
});

test('what only people change has no policy of its own', () => {
  expect(retryDelayMs('cloud_quota', 1, '')).toBeUndefined();
  expect(retryDelayMs('cloud_permission_missing', 1, '')).toBeUndefined();
});
