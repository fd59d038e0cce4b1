import { describe, expect, test } from '@jest/globals';
import { Context } from '@temporalio/activity';
import type { Difference } from '../../../src/contracts/drift.ts';
import { checkDrift } from '../../../src/contracts/operations/check-drift.ts';
import {
  abortOperation,
  cancelOperation,
  operationWorkflowId,
  requestUpdate,
  retryStep,
  stateQuery,
} from '../../../src/contracts/workflow-messages.ts';
import { until } from '../../support/until.ts';
import { type Behaviour, createWorld, fail, type Running, type WorldOptions, withInstance } from '../world.ts';

const checkId = 'op_1111111111111111';
const hostGone: Difference = { name: 'host-node-1-m1', id: 'h-1', change: 'missing', properties: [], protected: false };
const volumeGone: Difference = { ...hostGone, name: 'volume-node-1', id: 'vol-1', protected: true };
const decision = { operationId: checkId, step: 'report-drift' as const, attempt: 1, operator: 'ada', why: 'restored' };

type World = ReturnType<typeof createWorld>;

/** A delivered server in a world of its own, and ways to check it. */
async function withDelivered(
  behaviours: Record<string, Behaviour>,
  test: (running: Running & { world: World; check: ReturnType<typeof checkOf> }) => Promise<void>,
  options: Omit<WorldOptions, 'world'> = {},
): Promise<void> {
  const world = createWorld(behaviours);
  await withInstance({ world, ...options }, async (running) => {
    await running.operation.result();
    await until(async () => (await running.entity.query(stateQuery)).status === 'ready');
    world.calls.splice(0);
    world.notes.splice(0);
    await test({ ...running, world, check: checkOf(running) });
  });
}

function checkOf({ environment, entity, instanceId }: Running) {
  return {
    ask: (operationId = checkId, by: 'system' | 'operator' = 'system') =>
      entity.executeUpdate(requestUpdate(checkDrift.kind), { args: [{ operationId, requestedBy: by }] }),
    handle: environment.client.workflow.getHandle(operationWorkflowId(instanceId, checkId)),
    status: async () => (await entity.query(stateQuery)).status,
  };
}

describe('a check of drift', () => {
  test('that finds nothing leaves no trace', async () => {
    await withDelivered({}, async ({ world, check }) => {
      expect(await check.ask()).toEqual({ operationId: checkId });
      expect(await check.handle.result()).toEqual({ status: 'succeeded', instanceStatus: 'ready' });
      expect([world.calls, world.notes]).toEqual([['detect-drift'], []]);
    });
  }, 60_000);

  test('that an operator asked for is to be seen, also when it finds nothing', async () => {
    await withDelivered({}, async ({ world, check }) => {
      await check.ask(checkId, 'operator');
      await check.handle.result();
      expect(world.notes).toEqual(['opened', 'succeeded']);
    });
  }, 60_000);

  test('repairs what is safe: drifted, repaired with the volumes that were seen, healthy, ready', async () => {
    const seen: string[] = [];
    const current: { status?: () => Promise<string> } = {};
    const behaviours = {
      'repair-stack': async () => {
        seen.push((await current.status?.()) ?? '');
      },
    };
    await withDelivered(behaviours, async ({ world, check }) => {
      current.status = check.status;
      world.drift.differences = [hostGone];
      await check.ask();
      expect(await check.handle.result()).toEqual({
        ...{ status: 'succeeded', instanceStatus: 'ready', reason: 'server_drifted' },
      });
      expect(world.calls).toEqual(['detect-drift', 'report-drift', 'repair-stack', 'await-healthy']);
      expect(world.notes.filter((note) => !note.startsWith('told'))).toEqual([
        'opened',
        'kept vol-1',
        'succeeded/ready',
      ]);
      expect(world.notes).toContain(`told ${checkId} server_drifted ready`);
      expect(seen).toEqual(['drifted']);
      await until(async () => (await check.status()) === 'ready');
    });
  }, 60_000);

  test('a mail to the customer that nobody can send delays no repair', async () => {
    await withDelivered({}, async ({ world, check }) => {
      world.drift.isMailRefused = true;
      world.drift.differences = [hostGone];
      await check.ask();
      expect(await check.handle.result()).toMatchObject({ status: 'succeeded', instanceStatus: 'ready' });
      expect(world.notes).toContain(`told ${checkId} server_drifted ready`);
    });
  }, 60_000);

  test('never changes a server whose volume is gone: an operator decides, and a retry checks again', async () => {
    await withDelivered({}, async ({ world, check, entity }) => {
      world.drift.differences = [hostGone, volumeGone];
      await check.ask();
      await until(() => world.notes.includes('needs_operator report-drift#1 volume_gone'));
      expect((await check.handle.describe()).searchAttributes.NeedsAttention).toEqual([true]);
      expect(await check.status()).toBe('drifted');
      // The next scan gets the same check.
      expect(await check.ask('op_2222222222222222')).toEqual({ operationId: checkId });
      await entity.executeUpdate(retryStep, { args: [decision] });
      await until(() => world.notes.includes('needs_operator report-drift#2 volume_gone'));
      expect(world.calls).not.toContain('repair-stack');
      // They restored the volume; the host is still missing.
      world.drift.differences = [hostGone];
      await entity.executeUpdate(retryStep, { args: [{ ...decision, attempt: 2 }] });
      expect(await check.handle.result()).toMatchObject({ status: 'succeeded', instanceStatus: 'ready' });
      expect(world.calls.slice(-4)).toEqual(['detect-drift', 'report-drift', 'repair-stack', 'await-healthy']);
    });
  }, 60_000);

  test('is ended by an abort, which leaves the server as it is and undoes nothing; the next check takes it up', async () => {
    await withDelivered({}, async ({ world, check, entity, environment, instanceId }) => {
      world.drift.differences = [volumeGone];
      await check.ask();
      await until(() => world.notes.includes('needs_operator report-drift#1 volume_gone'));
      await entity.executeUpdate(abortOperation, { args: [decision] });
      expect(await check.handle.result()).toEqual({
        ...{ status: 'cancelled', instanceStatus: 'drifted', reason: 'check_ended' },
      });
      expect(await check.status()).toBe('drifted');
      for (const undo of ['destroy-stack', 'settle-money', 'repair-stack']) expect(world.calls).not.toContain(undo);
      // Somebody repaired it by hand.
      world.drift.differences = [];
      const next = 'op_2222222222222222';
      await check.ask(next);
      await environment.client.workflow.getHandle(operationWorkflowId(instanceId, next)).result();
      expect(world.calls.slice(-2)).toEqual(['detect-drift', 'await-healthy']);
      expect(world.notes.at(-1)).toBe('succeeded/ready');
      await until(async () => (await check.status()) === 'ready');
    });
  }, 60_000);

  test('that fails is no finding and calls no operator', async () => {
    const behaviours = {
      'detect-drift': () => {
        throw fail('cloud_credentials_expired');
      },
    };
    await withDelivered(behaviours, async ({ world, check }) => {
      await check.ask();
      expect(await check.handle.result()).toEqual({
        ...{ status: 'failed', instanceStatus: 'ready', reason: 'cloud_credentials_expired' },
      });
      expect(world.notes).toEqual([]);
      expect(await check.status()).toBe('ready');
    });
  }, 60_000);

  test('asks for help when the repair fails, and goes on when it is retried', async () => {
    const behaviours = {
      'repair-stack': (tries: number) => {
        if (tries === 1) throw fail('cloud_quota');
      },
    };
    await withDelivered(behaviours, async ({ world, check, entity }) => {
      world.drift.differences = [hostGone];
      await check.ask();
      await until(() => world.notes.includes('needs_operator repair-stack#1 cloud_quota'));
      await entity.executeUpdate(retryStep, { args: [{ ...decision, step: 'repair-stack' }] });
      expect(await check.handle.result()).toMatchObject({ status: 'succeeded' });
    });
  }, 60_000);

  test('is cancelled by its id alone: the order of a ready server never is', async () => {
    await withDelivered(
      { 'detect-drift': () => Context.current().cancelled },
      async ({ world, check, entity }) => {
        await check.ask();
        await until(() => world.calls.includes('detect-drift'));
        await expect(entity.executeUpdate(cancelOperation, { args: [{ by: 'customer' }] })).rejects.toMatchObject({
          cause: { type: 'already_ready' },
        });
        await entity.executeUpdate(cancelOperation, { args: [{ by: 'operator', operationId: checkId }] });
        expect(await check.handle.result()).toEqual({
          ...{ status: 'cancelled', instanceStatus: 'ready', reason: 'check_ended' },
        });
      },
      { realTime: true },
    );
  }, 60_000);

  test('that is cancelled before it has told what it found leaves the server as it was', async () => {
    await withDelivered(
      { 'detect-drift': () => Context.current().cancelled.catch(() => undefined) },
      async ({ world, check, entity }) => {
        world.drift.differences = [hostGone, volumeGone];
        await check.ask();
        await until(() => world.calls.includes('detect-drift'));
        await entity.executeUpdate(cancelOperation, { args: [{ by: 'operator', operationId: checkId }] });
        expect(await check.handle.result()).toEqual({
          ...{ status: 'cancelled', instanceStatus: 'ready', reason: 'check_ended' },
        });
        expect(world.calls).not.toContain('report-drift');
        expect(await check.status()).toBe('ready');
      },
      { realTime: true },
    );
  }, 60_000);

  test('that was terminated is ended, and blocks nobody', async () => {
    const held = Promise.withResolvers<void>();
    await withDelivered(
      { 'detect-drift': (tries) => (tries === 1 ? held.promise : undefined) },
      async ({ world, check, entity }) => {
        await check.ask();
        await until(() => world.calls.includes('detect-drift'));
        await check.handle.terminate('a slip of the hand');
        await until(() => world.notes.includes('broken'));
        expect(await entity.query(stateQuery)).toMatchObject({ status: 'ready', running: null });
        held.resolve();
      },
      { realTime: true },
    );
  }, 60_000);

  test('is refused before the server is ready', async () => {
    const world = createWorld({ 'await-healthy': () => Promise.reject(fail('host_unhealthy')) });
    await withInstance({ world }, async (running) => {
      await until(() => world.notes.includes('needs_operator await-healthy#1 host_unhealthy'));
      await expect(checkOf(running).ask()).rejects.toMatchObject({ cause: { type: 'server_not_ready' } });
    });
  }, 60_000);
});
