import { describe, expect, test } from '@jest/globals';
import { resourceKinds } from '../../../src/stacks/local/provider/resources.ts';
import { unwrap } from '../../../src/stacks/provider/properties.ts';

const host = resourceKinds['freehold-local:index:Host']!;
const volume = resourceKinds['freehold-local:index:Volume']!;
const record = resourceKinds['freehold-local:index:Record']!;

const inputs = {
  ...{ name: 'one', region: 'home', zone: 'home-a', size: 'local-1', image: 'freehold-server:1.0.0' },
  ...{ volumeId: 'vol-1', addressId: 'addr-1', userData: 'first', tags: { a: '1', b: '2' } },
};
const { userData: _userData, ...shown } = inputs;
const state = { ...shown, address: '127.0.0.1:21000', state: 'running' };
const diff = (change: object, olds: object = state) => host.diff({ ...olds }, inputs, { ...inputs, ...change });

describe('what a change of a host means', () => {
  test('nothing, where only the order of its tags differs', () => {
    expect(diff({ tags: { b: '2', a: '1' } })).toEqual({ replaces: [], updates: [] });
  });
  test('a size and tags change in place', () => {
    expect(diff({ size: 'local-2', tags: { a: '2' } })).toEqual({ replaces: [], updates: ['size', 'tags'] });
  });
  test.each(['zone', 'image', 'userData'])('another %s is another host', (name) => {
    expect(diff({ [name]: 'other' })).toEqual({ replaces: [name], updates: [] });
  });
  test.each(['volumeId', 'addressId'])('another %s, or none any more, is the same host', (name) => {
    expect(diff({ [name]: 'other' })).toEqual({ replaces: [], updates: [name] });
    expect(diff({ [name]: undefined })).toEqual({ replaces: [], updates: [name] });
  });
  test('a host that stands by is not down', () => {
    const { volumeId: _volume, addressId: _address, ...bare } = inputs;
    expect(host.diff({ ...bare, state: 'idle' }, bare, bare)).toEqual({ replaces: [], updates: [] });
  });
  test.each(['failed', 'stopped'])('a host that is %s is to be started', (down) => {
    expect(diff({}, { ...state, state: down })).toEqual({ replaces: [], updates: ['state'] });
  });
});

describe('what the cloud would refuse', () => {
  test('a volume that shrinks', () => {
    const wish = { name: 'one', region: 'home', zone: 'home-a', sizeGib: 5, tags: {} };
    expect(volume.check(wish, { ...wish, sizeGib: 10 })).toEqual([
      { property: 'sizeGib', reason: 'a volume only grows' },
    ]);
    expect(volume.check(wish, {})).toEqual([]);
  });
  test('inputs that do not fit, while those that are not known yet pass', () => {
    const wish = { name: 'a.example', address: undefined, ttl: 0, tags: {} };
    expect(record.check(wish, {})).toMatchObject([{ property: 'ttl' }]);
  });
});

test('secrets and outputs are unwrapped at every depth, unknowns become undefined', () => {
  const key = '4dabf18193072939515e22adb298388d';
  const secret = (value: unknown) => ({ [key]: '1b47061264138c4ac30d75fd1eb44270', value });
  const output = (value: unknown) => ({ [key]: 'd0e6a833031e9bbcd3f4e8bde6ca49a4', value });
  const bag = {
    a: secret('x'),
    b: [output({ c: secret(1) })],
    d: '04da6b54-80e4-46f7-96ec-b56ff0331ba9',
    __defaults: [],
  };
  expect(unwrap(bag)).toEqual({ a: 'x', b: [{ c: 1 }], d: undefined });
});
