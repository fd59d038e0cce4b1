import { expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { askDriftChecks, followDriftChecks } from '../../../src/activities/fleet/ask-drift-checks.ts';
import type { CheckState, DriftChecks, FleetPorts } from '../../../src/activities/fleet/ports.ts';
import type { RequestedCheck } from '../../../src/contracts/drift.ts';
import { useApi } from '../../support/api.ts';
import { instanceRecord } from '../../support/instance-record.ts';

const api = useApi();

function portsWith(change: Partial<DriftChecks>): FleetPorts {
  const driftChecks: DriftChecks = {
    ...{ atOnce: 2, timeoutMs: 60_000 },
    ask: async ({ operationId }) => operationId,
    stateOf: async () => 'healthy',
    ...change,
  };
  return { store: api.store, driftChecks } as FleetPorts;
}

test('every delivered server is asked once, a few at a time, under an id that a repeat has too', async () => {
  const ids = ['a', 'b', 'c', 'd', 'e'].map((letter) => `i000000000000000${letter}`);
  const statuses = ['ready', 'drifted', 'provisioning', 'ready', 'terminated'] as const;
  for (const [at, _id] of ids.entries())
    await api.store.instances.insert(instanceRecord({ _id, status: statuses[at]! }));
  const updates: string[] = [];
  const ask = async ({ instanceId, operationId }: RequestedCheck, updateId: string) => {
    updates.push(`${instanceId} ${updateId}`);
    return instanceId === ids[1] ? null : operationId;
  };
  const page = askDriftChecks(portsWith({ ask }));
  const first = await page({ startedAt: 7, after: '' });
  expect(first).toMatchObject({ asked: [{ instanceId: ids[0] }], skipped: 1, next: ids[1] });
  expect(await page({ startedAt: 7, after: first.next! })).toMatchObject({
    ...{ asked: [{ instanceId: ids[3] }], skipped: 0, next: null },
  });
  expect(updates).toEqual([ids[0], ids[1], ids[3]].map((id) => `${id} check-drift/7`));
});

test('the scan goes on when all were looked at, or when its patience ends', async () => {
  const checks = ['healthy', 'drifted', 'skipped', 'slow'].map((operationId) => ({ instanceId: 'i', operationId }));
  let states = 0;
  const stateOf = async ({ operationId }: RequestedCheck): Promise<CheckState> => {
    states += 1;
    if (operationId === 'slow') return states > checks.length ? 'healthy' : 'checking';
    return operationId as CheckState;
  };
  const follow = (change: Partial<DriftChecks>) =>
    new MockActivityEnvironment().run(followDriftChecks(portsWith({ stateOf, ...change })), checks);
  expect(await follow({})).toEqual({ checked: 3, drifted: [checks[1]], left: 1 });
  const never = async (): Promise<CheckState> => 'checking';
  expect(await follow({ stateOf: never, timeoutMs: 1 })).toEqual({ checked: 0, drifted: [], left: 4 });
});
