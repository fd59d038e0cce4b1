import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ServerName } from '../../../src/contracts/desired-server.ts';
import { PrivateServerSpec } from '../../../src/contracts/stack.ts';
import {
  desiredAtFirst,
  hostnamesOf,
  primaryHostname,
  serverTags,
} from '../../../src/domain/operations/desired-server.ts';
import { planChange } from '../../../src/domain/operations/plan-change.ts';
import { appliedFrom, specFrom, versionOf } from '../../../src/domain/operations/server-spec.ts';

const tags = { 'freehold:plan': 'BUSINESS' };
const bought = {
  size: 'local-4',
  image: '1.0.0',
  diskGib: 320,
  hostname: 'a.example',
  zones: ['z1', 'z2', 'z3'],
  tags,
};
const desired = desiredAtFirst(bought);
const identity = { _id: 'i0123456789abcdef', cloud: 'local', region: 'home' } as const;
const outputs = { osImages: { 'node-1-m1': 'ami-1', 'node-2-m1': 'ami-1', 'node-3-m1': 'ami-1' } };

describe('the spec of a server', () => {
  test('before anything stands: a machine on each node, in the zone of the node', () => {
    const machine = { name: 'm1', size: 'local-4', image: '1.0.0', osImage: null };
    const spec = specFrom({ ...identity, desired });
    expect(PrivateServerSpec.parse(spec)).toEqual({
      ...{ instanceId: identity._id, cloud: 'local', region: 'home', diskGib: 320, hostnames: ['a.example'], tags },
      nodes: [1, 2, 3].map((index) => ({
        ...{ name: `node-${index}`, zone: `z${index}`, machines: [machine], serving: 'm1' },
      })),
    });
  });

  test('afterwards: what stands, with its images pinned, whatever is desired by then', () => {
    const first = specFrom({ ...identity, desired });
    const applied = appliedFrom(first, outputs);
    const later = { ...desired, size: 'local-1', image: '2.0.0', diskGib: 999 };
    const spec = specFrom({ ...identity, desired: later, applied });
    const pinned = first.nodes.map((node) => ({ ...node, machines: [{ ...node.machines[0]!, osImage: 'ami-1' }] }));
    expect(spec).toEqual({ ...first, nodes: pinned });
    // A pinned image stays pinned.
    expect(appliedFrom(spec, { osImages: { 'node-1-m1': 'ami-2' } })).toEqual(applied);
  });

  test('a server that was just built is as it is to be', () => {
    fc.assert(
      fc.property(fc.constantFrom(['z1'], ['z1', 'z2', 'z3'], ['z1', 'z1', 'z1']), fc.nat(500), (zones, disk) => {
        const wanted = desiredAtFirst({ ...bought, zones, diskGib: disk + 1 });
        const applied = appliedFrom(specFrom({ ...identity, desired: wanted }), outputs);
        expect(planChange(specFrom({ ...identity, desired: wanted, applied }), wanted).steps).toEqual([]);
      }),
    );
  });

  test.each([
    ['a node more', ['z1', 'z2', 'z3']],
    ['another zone', ['z2']],
  ])('%s is no change that a plan could bring about', (_what, zones) => {
    const one = specFrom({ ...identity, desired: desiredAtFirst({ ...bought, zones: ['z1'] }) });
    expect(() => planChange(one, desiredAtFirst({ ...bought, zones }))).toThrow(
      expect.objectContaining({ code: 'topology_not_enabled' }),
    );
  });

  test('its version is that of the machine which serves, or of the one to be built', () => {
    expect(versionOf({ desired })).toBe('1.0.0');
    const applied = appliedFrom(specFrom({ ...identity, desired }), outputs);
    expect(versionOf({ desired: { ...desired, image: '2.0.0' }, applied })).toBe('1.0.0');
    const asleep = { ...applied, nodes: applied.nodes.map((node) => ({ ...node, machines: [], serving: null })) };
    expect(versionOf({ desired: { ...desired, image: '2.0.0' }, applied: asleep })).toBe('2.0.0');
  });
});

describe('the names of a server', () => {
  const old: ServerName = { hostname: 'old.example', purpose: 'retiring' };
  const own: ServerName = { hostname: 'iot.customer.example', purpose: 'domain' };
  const primary: ServerName = { hostname: 'new.example', purpose: 'primary' };

  test('begin with the primary one, wherever it lies', () => {
    expect(primaryHostname({ names: [old, own, primary] })).toBe('new.example');
    expect(hostnamesOf({ names: [old, own, primary] })).toEqual(['new.example', 'old.example', 'iot.customer.example']);
  });

  test('a rename keeps the old one while it retires; a machine that boots meanwhile is told the new one first', () => {
    const before = specFrom({ ...identity, desired: desiredAtFirst({ ...bought, hostname: 'old.example' }) });
    const { steps } = planChange(before, { ...desired, names: [old, primary], size: 'local-5' });
    expect(steps[0]).toMatchObject({ kind: 'add-names', spec: { hostnames: ['new.example', 'old.example'] } });
    for (const { spec } of steps) expect(spec.hostnames).toEqual(['new.example', 'old.example']);
  });
});

test('labels say whose a server is', () => {
  const createdAt = new Date('2026-12-01T00:00:00Z');
  expect(serverTags({ plan: 'GROW', orderId: 'ord_1', createdAt })).toEqual({
    'freehold:plan': 'GROW',
    'freehold:order': 'ord_1',
    'freehold:created': '2026-12-01T00:00:00.000Z',
  });
});
