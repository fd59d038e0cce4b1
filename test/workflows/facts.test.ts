import { describe, expect, test } from '@jest/globals';
import { checkDrift } from '../../src/contracts/operations/check-drift.ts';
import { restart } from '../../src/contracts/operations/restart.ts';
import {
  factsChanged,
  type OperationInput,
  type QueuedOperation,
  stateQuery,
} from '../../src/contracts/workflow-messages.ts';
import { until } from '../support/until.ts';
import { type Delivered, withDelivered } from './delivered.ts';
import { createWorld, fail, operationId, withInstance } from './world.ts';

const [first, second] = ['op_1111111111111111', 'op_2222222222222222'];

/** The input of an operation's workflow. */
async function inputOf({ handleOf }: Delivered, id: string): Promise<OperationInput> {
  const { events } = await handleOf(id).fetchHistory();
  const payload = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
  return JSON.parse(Buffer.from(payload?.data ?? []).toString());
}

describe('the facts of an instance', () => {
  test('are changed by what an operation brings, in the next operation and in the search attributes', async () => {
    const paidUntil = '2027-01-31T10:00:00.000Z';
    const world = createWorld();
    const { markReady } = world.activities;
    Object.assign(world.activities, {
      markReady: async (context: Parameters<typeof markReady>[0]) => {
        await markReady(context);
        return paidUntil;
      },
    });
    await withInstance({ world, realTime: true }, async ({ entity, operation }) => {
      expect(await operation.result()).toMatchObject({ facts: { paidUntil } });
      await until(async () => (await entity.query(stateQuery)).status === 'ready');
      expect((await entity.describe()).searchAttributes.RenewsAt).toEqual([new Date(paidUntil)]);
    });
  }, 60_000);

  test('that somebody else changed reach the next operation; what does not fit is ignored', async () => {
    await withDelivered(
      {},
      async (delivered) => {
        const { entity, ask, resultOf } = delivered;
        const change = { plan: 'STARTUP', hostname: 'new.local.freehold.localhost', nodes: 3, region: 'away' } as const;
        await entity.signal(factsChanged, change);
        await entity.signal(factsChanged.name, { plan: 'NONE' });
        await entity.signal(factsChanged.name, { instanceId: 'i0000000000000000' });
        await entity.signal(factsChanged.name, { adminEmail: 'ada@example.com' });
        await ask(restart.kind, first, 'customer');
        await resultOf(first);
        const { facts } = await inputOf(delivered, first);
        expect(facts).toMatchObject({ ...change, instanceId: delivered.instanceId });
        expect(facts).not.toHaveProperty('adminEmail');
        const { searchAttributes } = await entity.describe();
        expect(searchAttributes).toMatchObject({ Plan: ['STARTUP'], Hostname: [change.hostname], Region: ['away'] });
      },
      { realTime: true },
    );
  }, 60_000);
});

describe('deadlines', () => {
  test('are those of the configuration at the beginning of the operation, however old the instance is', async () => {
    const times: { FREEHOLD_RESTART_MS?: number } = {};
    const behaviours = {
      'restart-machines': () => {
        throw fail('cloud_unavailable', false);
      },
    };
    await withDelivered(
      behaviours,
      async ({ world, ask, environment }) => {
        // The instance was created when it was half an hour.
        times.FREEHOLD_RESTART_MS = 7 * 60_000;
        await ask(restart.kind, first, 'customer');
        await environment.sleep('12 minutes');
        await until(() => world.notes.some((note) => note.startsWith('needs_operator restart-machines#1')));
      },
      { times },
    );
  }, 60_000);
});

describe('an operation of a kind that this release does not know', () => {
  test('is never run, least of all as another one, and keeps nothing from running', async () => {
    const world = createWorld();
    const strange = { operationId, kind: 'dance', requestedBy: 'customer' } as unknown as QueuedOperation;
    const input = { status: 'ready' as const, queue: [strange] };
    await withInstance({ world, input, atOnce: true }, async ({ entity }) => {
      await until(() => world.notes.includes('broken'));
      expect(world.calls).toEqual([]);
      expect(await entity.query(stateQuery)).toMatchObject({ status: 'ready', running: null, queue: [] });
      await entity.executeUpdate(checkDrift.kind, { args: [{ operationId: second, requestedBy: 'system' }] });
      await until(() => world.calls.includes('detect-drift'));
      await expect(
        entity.executeUpdate('dance', { args: [{ operationId: second, requestedBy: 'customer' }] }),
      ).rejects.toThrow();
    });
  }, 60_000);
});
