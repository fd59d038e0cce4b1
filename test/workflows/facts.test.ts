import { describe, expect, test } from '@jest/globals';
import { Context } from '@temporalio/activity';
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

  test('never say that a server is paid for less long: news of a renewal outlives an older result', async () => {
    const first = '2027-01-31T10:00:00.000Z';
    const renewed = '2027-02-28T10:00:00.000Z';
    let isRenewed = false;
    const world = createWorld({
      // A mail that waits for an operator keeps the delivery open beyond the first period.
      'send-mail': async () => {
        if (!isRenewed) throw fail('mail_unavailable', false);
      },
    });
    const { markReady } = world.activities;
    Object.assign(world.activities, {
      markReady: async (context: Parameters<typeof markReady>[0]) => {
        await markReady(context);
        return first;
      },
    });
    await withInstance({ world, realTime: true }, async ({ entity, operation }) => {
      await until(() => world.calls.includes('send-mail'));
      await entity.signal(factsChanged, { paidUntil: renewed });
      isRenewed = true;
      expect(await operation.result()).toMatchObject({ facts: { paidUntil: first } });
      await until(async () => (await entity.query(stateQuery)).status === 'ready');
      expect((await entity.describe()).searchAttributes.RenewsAt).toEqual([new Date(renewed)]);
    });
  }, 60_000);

  test('that somebody else changed reach the next operation; what does not fit is ignored', async () => {
    await withDelivered(
      {},
      async (delivered) => {
        const { entity, ask, resultOf } = delivered;
        const change = { plan: 'STARTUP', hostname: 'new.local.freehold.localhost', nodes: 3, region: 'away' } as const;
        await entity.signal(factsChanged, change);
        await entity.signal(factsChanged, { addOns: { users: 2 } });
        await entity.signal(factsChanged.name, { plan: 'NONE' });
        await entity.signal(factsChanged.name, { instanceId: 'i0000000000000000' });
        await entity.signal(factsChanged.name, { adminEmail: 'ada@example.com' });
        await ask(restart.kind, first, 'customer');
        await resultOf(first);
        const { facts } = await inputOf(delivered, first);
        expect(facts).toMatchObject({ ...change, addOns: { users: 2 }, instanceId: delivered.instanceId });
        expect(facts).not.toHaveProperty('adminEmail');
        const { searchAttributes } = await entity.describe();
        expect(searchAttributes).toMatchObject({ Plan: ['STARTUP'], Hostname: [change.hostname], Region: ['away'] });
      },
      { realTime: true },
    );
  }, 60_000);

  test('that no search attribute shows are taken up like the others, and so is a change of nothing', async () => {
    await withDelivered(
      {},
      async (delivered) => {
        const { entity, ask, resultOf } = delivered;
        await entity.signal(factsChanged, {});
        await entity.signal(factsChanged, { nodes: 3, addOns: { domains: 2 } });
        await ask(restart.kind, first, 'customer');
        await resultOf(first);
        expect((await inputOf(delivered, first)).facts).toMatchObject({ nodes: 3, addOns: { domains: 2 } });
      },
      { realTime: true },
    );
  }, 60_000);

  test('are paid until the later day, whoever tells of it first: news of an earlier one change nothing', async () => {
    const [earlier, later] = ['2027-01-31T10:00:00.000Z', '2027-02-28T10:00:00.000Z'];
    await withDelivered(
      {},
      async (delivered) => {
        const { entity, ask, resultOf } = delivered;
        await entity.signal(factsChanged, { paidUntil: later });
        await entity.signal(factsChanged, { paidUntil: earlier, plan: 'STARTUP' });
        await ask(restart.kind, first, 'customer');
        await resultOf(first);
        expect((await inputOf(delivered, first)).facts).toMatchObject({ paidUntil: later, plan: 'STARTUP' });
        const { searchAttributes } = await entity.describe();
        expect(searchAttributes).toMatchObject({ RenewsAt: [new Date(later)], Plan: ['STARTUP'] });
      },
      { realTime: true },
    );
  }, 60_000);
});

test('a request that waits, who made it, the facts and the answer outlive a continue-as-new', async () => {
  await withDelivered(
    { 'detect-drift': () => Context.current().cancelled },
    async (delivered) => {
      const { world, entity, ask, resultOf } = delivered;
      await ask(checkDrift.kind, second, 'system');
      await until(() => world.calls.includes('detect-drift'));
      await entity.signal(factsChanged, { nodes: 3 });
      await ask(restart.kind, first, 'customer');
      await resultOf(first);
      expect(await inputOf(delivered, first)).toMatchObject({ requestedBy: 'customer', facts: { nodes: 3 } });
      expect(await ask(restart.kind, first, 'customer')).toEqual({ operationId: first });
      expect(world.calls).toEqual(['detect-drift', 'restart-machines', 'await-healthy']);
      const { runId, raw } = await entity.describe();
      expect(raw.workflowExecutionInfo?.firstRunId).not.toBe(runId);
    },
    { realTime: true, maxEvents: 10 },
  );
}, 60_000);

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
