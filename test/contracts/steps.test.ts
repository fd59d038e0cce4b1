import { expect, test } from '@jest/globals';
import { decisionsOn, refusalOf, StepName } from '../../src/contracts/steps.ts';

test('what an operator can decide about each step that may wait for them', () => {
  expect(Object.fromEntries(StepName.options.map((step) => [step, decisionsOn(step).join(' ')]))).toEqual({
    'hold-hostname': 'retry abort',
    'create-subscription': 'retry abort',
    'await-payment': 'retry abort',
    'issue-licence': 'retry abort',
    'stack-up': 'retry abort',
    'await-healthy': 'retry skip abort',
    'await-activation': 'retry skip abort',
    'mark-ready': 'retry abort',
    'send-mail': 'retry skip',
    'settle-money': 'retry',
    'send-outcome-mail': 'retry skip',
    'revoke-licence': 'retry',
    'destroy-stack': 'retry',
    'release-hostname': 'retry',
    'detect-drift': 'retry abort',
    'report-drift': 'retry abort',
    'repair-stack': 'retry abort',
    'restart-machines': 'retry abort',
  });
});

test('what cannot be decided is refused with its reason', () => {
  expect(refusalOf('skip', 'stack-up')).toBe('step_not_skippable');
  expect(refusalOf('abort', 'send-mail')).toBe('already_ready');
  expect(refusalOf('abort', 'destroy-stack')).toBe('step_not_waiting');
});
