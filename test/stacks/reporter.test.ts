import { expect, test } from '@jest/globals';
import { createReporter } from '../../src/stacks/runner/reporter.ts';

const said = (text: string) => {
  const reporter = createReporter(new Set());
  reporter.errors.push(text);
  return reporter;
};

test.each([
  'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing"',
  'rpc error: code = Unknown desc = error reading from server: EOF',
  'freehold-local (resource) plugin [freehold-local] did not begin responding to RPC connections',
])('an engine that lost its provider is interrupted, not refused: %s', (text) => {
  const reporter = said(text);
  expect(reporter.lostProvider()).toBe(true);
  reporter.forgetErrors();
  expect(reporter.lostProvider()).toBe(false);
});

test('what a cloud refuses is no lost provider', () => {
  expect(said('[cloud:quota] no more hosts here').lostProvider()).toBe(false);
});
