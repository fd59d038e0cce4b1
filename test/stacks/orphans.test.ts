import { describe, expect, test } from '@jest/globals';
import type { TaggedObject } from '../../src/stacks/private-server.ts';
import { planOrphans } from '../../src/stacks/runner/orphans.ts';

const object = (id: string, resource: string, role: TaggedObject['role'] = 'other'): TaggedObject => ({
  ...{ id, resource, role, kind: 'things' },
});
const volume = object('v1', 'volume-node-1', 'volume');
const address = object('a1', 'address-node-1');

describe('objects that no state knows', () => {
  test('all go before the pivot', () => {
    const plan = planOrphans([volume, address], { takenNames: new Set(['volume-node-1']), delivered: false });
    expect(plan).toEqual({ remove: [volume, address], adopt: new Map(), leave: [] });
  });

  test('after it, are taken over under a free name, and otherwise left', () => {
    const plan = planOrphans([volume, address], { takenNames: new Set(['volume-node-1']), delivered: true });
    expect(plan).toEqual({ remove: [], adopt: new Map([['address-node-1', 'a1']]), leave: [volume] });
  });

  test('after it, are left when two claim one name, or one has none', () => {
    const twins = [object('a1', 'address-node-1'), object('a2', 'address-node-1'), object('x', '')];
    const plan = planOrphans(twins, { takenNames: new Set(), delivered: true });
    expect(plan).toEqual({ remove: [], adopt: new Map(), leave: twins });
  });
});
