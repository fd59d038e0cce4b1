import { describe, expect, test } from '@jest/globals';
import { Context } from '@temporalio/activity';
import { checkDrift } from '../../../src/contracts/operations/check-drift.ts';
import { restart } from '../../../src/contracts/operations/restart.ts';
import { abortOperation, cancelOperation, retryStep } from '../../../src/contracts/workflow-messages.ts';
import { until } from '../../support/until.ts';
import { withDelivered } from '../delivered.ts';
import { fail } from '../world.ts';

const restartId = 'op_1111111111111111';
const otherId = 'op_2222222222222222';
const decision = {
  operationId: restartId,
  step: 'restart-machines' as const,
  attempt: 1,
  operator: 'ada',
  why: 'ours',
};
const untilCancelled = () => Context.current().cancelled;

describe('a restart', () => {
  test('switches the machines off and on, sees the server answer, and leaves it ready', async () => {
    await withDelivered({}, async ({ world, ask, resultOf, state }) => {
      expect(await ask(restart.kind, restartId, 'customer')).toEqual({ operationId: restartId });
      expect(await resultOf(restartId)).toEqual({ status: 'succeeded', instanceStatus: 'ready' });
      expect(world.calls).toEqual(['restart-machines', 'await-healthy']);
      expect(world.notes).toEqual(['opened', 'running', 'succeeded']);
      await until(async () => (await state()).running === null);
      expect(await state()).toMatchObject({ status: 'ready', queue: [] });
    });
  }, 60_000);

  test('whose server does not come back waits for people, however long, and goes on when they retry', async () => {
    const behaviours = {
      'await-healthy': (tries: number) => {
        if (tries === 1) throw fail('data_volume_refused');
      },
    };
    await withDelivered(behaviours, async ({ world, ask, handleOf, resultOf, entity, environment }) => {
      await ask(restart.kind, restartId, 'customer');
      await until(() => world.notes.includes('needs_operator await-healthy#1 data_volume_refused'));
      await environment.sleep('3 days');
      expect((await handleOf(restartId).describe()).searchAttributes.NeedsAttention).toEqual([true]);
      await entity.executeUpdate(retryStep, { args: [{ ...decision, step: 'await-healthy' }] });
      expect(await resultOf(restartId)).toMatchObject({ status: 'succeeded', instanceStatus: 'ready' });
      for (const undo of ['destroy-stack', 'settle-money']) expect(world.calls).not.toContain(undo);
    });
  }, 60_000);

  test('that an operator ends undoes nothing: nobody has seen the server well since, so it is drifted', async () => {
    const behaviours = {
      'restart-machines': () => {
        throw fail('cloud_credentials_expired');
      },
    };
    await withDelivered(behaviours, async ({ world, ask, resultOf, entity, state }) => {
      await ask(restart.kind, restartId, 'operator');
      await until(() => world.notes.includes('needs_operator restart-machines#1 cloud_credentials_expired'));
      await entity.executeUpdate(abortOperation, { args: [decision] });
      expect(await resultOf(restartId)).toEqual({
        ...{ status: 'cancelled', instanceStatus: 'drifted', reason: 'operation_ended' },
      });
      expect(world.notes.at(-1)).toBe('cancelled/drifted');
      await until(async () => (await state()).running === null);
      // The next check finds that it answers.
      await ask(checkDrift.kind, otherId, 'system');
      expect(await resultOf(otherId)).toMatchObject({ status: 'succeeded', instanceStatus: 'ready' });
    });
  }, 60_000);

  test('is ended by a cancel that names it', async () => {
    await withDelivered(
      { 'restart-machines': untilCancelled },
      async ({ world, ask, resultOf, entity }) => {
        await ask(restart.kind, restartId, 'customer');
        await until(() => world.calls.includes('restart-machines'));
        await entity.executeUpdate(cancelOperation, { args: [{ by: 'operator', operationId: restartId }] });
        expect(await resultOf(restartId)).toMatchObject({ status: 'cancelled', reason: 'operation_ended' });
      },
      { realTime: true },
    );
  }, 60_000);

  test('keeps a second one waiting for nobody: it is refused with the id of the first', async () => {
    const held = Promise.withResolvers<void>();
    await withDelivered({ 'restart-machines': () => held.promise }, async ({ world, ask, resultOf }) => {
      await ask(restart.kind, restartId, 'customer');
      await until(() => world.calls.includes('restart-machines'));
      await expect(ask(restart.kind, otherId, 'operator')).rejects.toMatchObject({
        cause: { type: 'operation_running', message: restartId },
      });
      expect(await ask(restart.kind, restartId, 'customer')).toEqual({ operationId: restartId });
      held.resolve();
      await resultOf(restartId);
      expect(world.calls).toEqual(['restart-machines', 'await-healthy']);
    });
  }, 60_000);

  test('a request by hand that nobody can read, or by somebody who may not ask, is refused', async () => {
    await withDelivered({}, async ({ entity, world }) => {
      const wrong = [undefined, {}, { operationId: restartId }, { operationId: 'x', requestedBy: 'customer' }];
      const others = [
        { operationId: restartId, requestedBy: 'system' },
        { operationId: restartId, requestedBy: 'customer', hard: true },
      ];
      for (const request of [...wrong, ...others]) {
        await expect(entity.executeUpdate(restart.kind, { args: [request] })).rejects.toMatchObject({
          cause: { type: 'invalid_request' },
        });
      }
      expect(world.calls).toEqual([]);
    });
  }, 60_000);
});

describe('a check of drift in the background', () => {
  test('gives way to a restart that a customer asks for, which comes at once', async () => {
    await withDelivered(
      { 'detect-drift': untilCancelled },
      async ({ world, ask, resultOf }) => {
        await ask(checkDrift.kind, otherId, 'system');
        await until(() => world.calls.includes('detect-drift'));
        expect(await ask(restart.kind, restartId, 'customer')).toEqual({ operationId: restartId });
        expect(await resultOf(otherId)).toMatchObject({ status: 'cancelled', instanceStatus: 'ready' });
        expect(await resultOf(restartId)).toEqual({ status: 'succeeded', instanceStatus: 'ready' });
        expect(world.calls).toEqual(['detect-drift', 'restart-machines', 'await-healthy']);
      },
      { realTime: true },
    );
  }, 60_000);

  test('that an operator asked for is waited for by nobody: the restart is refused with its id', async () => {
    const held = Promise.withResolvers<void>();
    await withDelivered({ 'detect-drift': () => held.promise }, async ({ world, ask, resultOf }) => {
      await ask(checkDrift.kind, otherId, 'operator');
      await until(() => world.calls.includes('detect-drift'));
      await expect(ask(restart.kind, restartId, 'customer')).rejects.toMatchObject({
        cause: { type: 'operation_running', message: otherId },
      });
      held.resolve();
      await resultOf(otherId);
    });
  }, 60_000);

  test('waits while a restart runs, and comes after it', async () => {
    const held = Promise.withResolvers<void>();
    await withDelivered({ 'restart-machines': () => held.promise }, async ({ world, ask, resultOf, state }) => {
      await ask(restart.kind, restartId, 'customer');
      await until(() => world.calls.includes('restart-machines'));
      await ask(checkDrift.kind, otherId, 'system');
      expect((await state()).queue).toMatchObject([{ operationId: otherId, requestedBy: 'system' }]);
      held.resolve();
      await until(async () => (await state()).queue.length === 0);
      expect(await resultOf(otherId)).toMatchObject({ status: 'succeeded' });
      expect(world.calls).toEqual(['restart-machines', 'await-healthy', 'detect-drift']);
    });
  }, 60_000);
});
