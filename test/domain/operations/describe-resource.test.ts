import { expect, test } from '@jest/globals';
import { describeResource } from '../../../src/domain/operations/describe-resource.ts';

test.each([
  ['Volume', 'volume-node-1', 'create', 'done', 'The data volume of node-1 was created (2 of 4).'],
  ['Record', 'record-a-b.local.example', 'delete', 'done', 'The DNS record of a-b.local.example was removed (2 of 4).'],
  ['Host', 'host-node-1', 'create', 'failed', 'The machine of node-1 could not be created (2 of 4).'],
  ['Host', 'host-node-1', 'create-replacement', 'done', 'The machine of node-1 was replaced (2 of 4).'],
  ['Address', 'address-node-1', 'update', 'done', 'The address of node-1 was changed (2 of 4).'],
  ['Address', 'address-node-1', 'same', 'done', 'The address of node-1 was checked (2 of 4).'],
  [
    'Record',
    'address-txt-node-1',
    'create',
    'done',
    'The DNS record with the owner of the address of node-1 was created (2 of 4).',
  ],
  ['Vpc', 'network', 'create', 'done', 'The network was created (2 of 4).'],
  [
    'NetworkInterface',
    'nic-node-1-m1',
    'create',
    'done',
    'The network interface of the machine of node-1-m1 was created (2 of 4).',
  ],
  ['Thing', 'thing-node-1', 'create', 'done', 'A part of node-1 was created (2 of 4).'],
] as const)('%s %s, %s %s: %s', (kind, name, op, status, sentence) => {
  expect(describeResource({ kind, name, op, status, done: 2, total: 4 })).toBe(sentence);
});
