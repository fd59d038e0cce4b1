import { expect, test } from '@jest/globals';
import { all, output, type ResourceTransformationArgs, secret } from '@pulumi/pulumi';
import { concealed, later, reveal } from '../../../src/stacks/policy/declared.ts';

/** The resolved form of an input. */
async function seen(value: unknown): Promise<unknown> {
  const declared = { type: 't', name: 'n', props: { value }, opts: {} } as unknown as ResourceTransformationArgs;
  const [resource] = await reveal([declared]);
  return resource!.props.value;
}

const never = new Promise<string>(() => undefined);

test.each([
  ['plain values', { a: [1, 'b', null, true], c: undefined }, { a: [1, 'b', null, true], c: undefined }],
  ['outputs that are there', output({ a: output(1), b: ['c'] }), { a: 1, b: ['c'] }],
  ['promises that are there', [Promise.resolve('a')], ['a']],
  ['what is computed from them', output('a').apply((text) => `${text}b`), 'ab'],
  ['secrets', { a: secret('x'), b: 'y' }, { a: concealed, b: 'y' }],
  ['what is computed from secrets', all([secret('x'), 'y']).apply(([x, y]) => x + y), concealed],
  ['what the cloud has to tell', { a: output(never), b: never }, { a: later, b: later }],
  ['secrets that are not there yet', secret(never), later],
  ['what fails', output(Promise.reject(new Error('the cloud said no'))), later],
])('%s', async (_what, value, expected) => {
  expect(await seen(value)).toEqual(expected);
});
