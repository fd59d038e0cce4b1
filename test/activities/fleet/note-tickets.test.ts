import { expect, test } from '@jest/globals';
import {
  closeTickets,
  noteMismatches,
  noteRepaired,
  noteSnapshotRound,
} from '../../../src/activities/fleet/note-tickets.ts';
import type { FleetPorts } from '../../../src/activities/fleet/ports.ts';
import type { Mismatch, PassSettings } from '../../../src/contracts/fleet.ts';
import { watchIncidents } from '../../support/incidents.ts';
import { useStore } from '../../support/store.ts';

const store = useStore();
const settings = (at: number) => ({ at }) as PassSettings;
const open = async () =>
  (await store.incidents.newest({ isOpen: true }, { limit: 10 })).items.map(({ reason }) => reason);
const later = () => Date.now() + 60_000;

test('operators are told once about mismatches that nothing repairs, and about repairs that do not hold', async () => {
  const { incidents, told } = watchIncidents(store);
  const ports = { store, incidents } as unknown as FleetPorts;
  const gone: Mismatch = { kind: 'host_gone', subject: 'vm-1', instanceId: 'i1', repair: null };
  const left: Mismatch = { kind: 'hold_left', subject: 'acme', repair: 'release_hold' };
  const mismatches = [gone, left];

  for (let times = 0; times < 2; times += 1) {
    await noteMismatches(ports)(settings(Date.now() - 60_000), { mismatches, leftAlone: [] });
  }
  expect(await open()).toEqual(['host_gone']);
  expect((await store.incidents.newest({}, { limit: 10 })).items).toMatchObject([
    { severity: 'critical', kind: 'ticket', instanceId: 'i1' },
  ]);

  await noteMismatches(ports)(settings(later()), { mismatches, leftAlone: [] });
  expect((await open()).sort()).toEqual(['hold_left', 'host_gone']);
  expect(told).toHaveLength(2);

  await noteRepaired(ports)(left);
  expect(await open()).toEqual(['host_gone']);
  await closeTickets(ports)(settings(later() + 60_000), ['servers', 'objects', 'stacks', 'names', 'holds']);
  expect(await open()).toEqual([]);
  expect(told).toHaveLength(2);
});

test('a round of snapshots with failures is one incident until a round has none', async () => {
  const { incidents, told } = watchIncidents(store);
  const note = noteSnapshotRound({ store, incidents } as unknown as FleetPorts);
  const problem = { cloud: 'digitalocean' as const, subject: 'vol-1', reason: 'cloud_unavailable' };
  for (let times = 0; times < 2; times += 1) await note([problem]);
  expect(told).toHaveLength(1);
  const [incident] = (await store.incidents.newest({ isOpen: true }, { limit: 10 })).items;
  expect(incident).toMatchObject({
    ...{ kind: 'snapshots', severity: 'warning', reason: 'cloud_unavailable' },
    detail: 'digitalocean vol-1 cloud_unavailable',
  });
  await note([]);
  expect(await open()).toEqual([]);
});
