import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Difference } from '../../../src/contracts/drift.ts';
import { describeDifference } from '../../../src/domain/operations/describe-resource.ts';
import { forgotten, judgeDrift } from '../../../src/domain/operations/judge-drift.ts';

const gone = (name: string): Difference => ({ name, id: 'x-1', change: 'missing', properties: [], protected: false });
const changed = (name: string, ...properties: string[]): Difference => ({
  ...gone(name),
  change: 'changed',
  properties,
});
const data = (difference: Difference): Difference => ({ ...difference, protected: true });
const foreign = (name: string): Difference => ({ ...gone(name), change: 'foreign' });

const volumeGone = data(gone('volume-node-1'));

describe('what is done about differences between a stack and its cloud', () => {
  test.each<[string, Difference[], string]>([
    ['nothing differs', [], 'none'],
    ['the host vanished', [gone('host-node-1-m1')], 'server_drifted'],
    ['the host was changed', [changed('host-node-1-m1', 'size')], 'server_drifted'],
    ['the host vanished with what ties it', [gone('host-node-1-m1'), gone('attachment-node-1')], 'server_drifted'],
    ['the DNS record vanished', [gone('record-a.example.org')], 'server_drifted'],
    ['the DNS record leads elsewhere', [changed('record-a.example.org', 'address', 'ttl')], 'server_drifted'],
    ['a firewall rule vanished', [gone('port-443')], 'server_drifted'],
    ['the firewall was opened', [changed('firewall', 'inboundRules')], 'server_drifted'],
    ['a tag of a host was changed', [changed('host-node-1-m1', 'tags')], 'server_drifted'],
    ['a tag of the volume was changed', [data(changed('volume-node-1', 'tags', 'tagsAll'))], 'server_drifted'],
    ['a label of the address was changed', [changed('address-node-1', 'labels')], 'server_drifted'],
    ['the volume vanished', [volumeGone], 'volume_gone'],
    ['the volume vanished with its host', [gone('host-node-1-m1'), volumeGone], 'volume_gone'],
    ['the volume was grown', [data(changed('volume-node-1', 'sizeGib'))], 'volume_changed'],
    [
      'the volume was grown and its tags changed',
      [data(changed('volume-node-1', 'sizeGib', 'tags'))],
      'volume_changed',
    ],
    ['one volume vanished and another changed', [data(changed('volume-b', 'size')), volumeGone], 'volume_gone'],
    ['something foreign is there', [foreign('host-node-1-m1')], 'unknown_objects'],
    ['something foreign without a name is there', [gone('host-node-1-m1'), foreign('')], 'unknown_objects'],
    ['the address vanished', [gone('address-node-1')], 'drift_unclear'],
    ['the network vanished', [gone('network')], 'drift_unclear'],
    ['something nobody knows was changed', [changed('thing-node-1', 'size')], 'drift_unclear'],
    ['something nobody knows vanished beside the host', [gone('host-node-1-m1'), gone('thing')], 'drift_unclear'],
  ])('%s', (_what, differences, expected) => {
    const verdict = judgeDrift(differences);
    expect(verdict.verdict === 'none' ? 'none' : verdict.reason).toBe(expected);
    const byPeople = !['none', 'server_drifted'].includes(expected);
    expect(verdict.verdict === 'needs_person').toBe(byPeople);
  });

  test('one more difference never makes it safer', () => {
    const rank = { none: 0, repairable: 1, needs_person: 2 };
    const difference = fc.record({
      name: fc.constantFrom('host-a', 'volume-a', 'record-a', 'address-a', 'network', 'thing'),
      id: fc.constant('x'),
      change: fc.constantFrom('missing' as const, 'changed' as const, 'foreign' as const),
      properties: fc.subarray(['tags', 'size']),
      protected: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(difference), difference, (some, more) => {
        const before = judgeDrift(some).verdict;
        expect(rank[judgeDrift([...some, more]).verdict]).toBeGreaterThanOrEqual(rank[before]);
      }),
    );
  });

  test('customers read it in the words in which they followed the building', () => {
    expect([gone('host-node-1-m1'), changed('record-a.b', 'ttl'), foreign('')].map(describeDifference)).toEqual([
      'The machine of node-1-m1 is gone at the cloud.',
      'The DNS record of a.b was changed at the cloud.',
      'A part is at the cloud but not part of the server.',
    ]);
  });
});

describe('what a state has forgotten', () => {
  const outputs = { volumeIds: ['vol-1'], serverIds: ['h-1'] };
  const hostGone = { ...gone('host-node-1-m1'), id: 'h-1' };

  test('is missing, the volume as something that must never be made anew', () => {
    const lost = forgotten(outputs, { differences: [], requiredVolumeIds: [], seen: ['dns-1'] });
    expect(lost.map(({ name, id, protected: isProtected }) => [name, id, isProtected])).toEqual([
      ['volume', 'vol-1', true],
      ['host', 'h-1', false],
    ]);
    expect(judgeDrift(lost)).toMatchObject({ verdict: 'needs_person', reason: 'volume_gone' });
    expect(judgeDrift(lost.slice(1))).toMatchObject({ verdict: 'repairable' });
  });

  test('is no volume in whose place a person has put another one', () => {
    expect(forgotten(outputs, { differences: [], requiredVolumeIds: ['vol-2'], seen: ['vol-2', 'h-1'] })).toEqual([]);
  });

  test('is nothing that was seen or told already', () => {
    expect(forgotten(outputs, { differences: [hostGone], requiredVolumeIds: ['vol-1'], seen: ['vol-1'] })).toEqual([]);
    expect(forgotten(undefined, { differences: [], requiredVolumeIds: [], seen: [] })).toEqual([]);
    const volumeReported = [{ ...volumeGone, id: 'vol-1' }];
    expect(forgotten(outputs, { differences: volumeReported, requiredVolumeIds: [], seen: ['h-1'] })).toEqual([]);
  });
});
