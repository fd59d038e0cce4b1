import { describe, expect, test } from '@jest/globals';
import {
  abortOperation,
  cancelOperation,
  operatorDecided,
  retryStep,
  stateQuery,
  timelineQuery,
} from '../../src/contracts/workflow-messages.ts';
import { until } from '../support/until.ts';
import { createWorld, fail, operationId, withInstance } from './world.ts';

const request = { operationId, step: 'stack-up' as const, attempt: 1, operator: 'ada', why: 'quota raised' };

/** A world whose first `failures` tries of the stack fail permanently. */
const stuck = (failures: number) =>
  createWorld({
    'stack-up': (tries) => {
      if (tries <= failures) throw fail('stack_failed');
    },
  });

describe('messages to a running operation', () => {
  test.each([
    ['nothing', []],
    ['null', [null]],
    ['a text', ['please']],
    ['no step', [{ operationId, attempt: 1, operator: 'ada', why: 'x' }]],
    ['a reason that is no text', [{ ...request, why: 5 }]],
    ['an operator that is no text', [{ ...request, operator: { name: 'ada' } }]],
    ['an attempt that is no number', [{ ...request, attempt: '1' }]],
    ['a reason without end', [{ ...request, why: 'x'.repeat(100_000) }]],
  ])(
    'an Update by hand with %s is refused and harms nobody',
    async (_what, args) => {
      const world = stuck(1);
      await withInstance({ world }, async ({ operation, entity }) => {
        await until(() => world.notes.includes('needs_operator stack-up#1 stack_failed'));
        for (const name of ['retry-step', 'skip-step', 'abort']) {
          await expect(entity.executeUpdate(name, { args: args as [] })).rejects.toMatchObject({
            cause: { type: 'invalid_request' },
          });
        }
        await entity.executeUpdate(retryStep, { args: [request] });
        expect(await operation.result()).toMatchObject({ status: 'succeeded' });
      });
    },
    60_000,
  );

  test.each([
    ['nothing', []],
    ['null', [null]],
    ['a stranger', [{ by: 'somebody' }]],
  ])(
    'a cancel by hand with %s is refused and harms nobody',
    async (_what, args) => {
      const world = stuck(1);
      await withInstance({ world, realTime: true }, async ({ operation, entity }) => {
        await until(() => world.notes.includes('needs_operator stack-up#1 stack_failed'));
        await expect(entity.executeUpdate('cancel-operation', { args: args as [] })).rejects.toMatchObject({
          cause: { type: 'invalid_request' },
        });
        await expect(
          entity.executeUpdate(cancelOperation, { args: [{ by: 'operator', operationId: 'op_zzzzzzzzzzzzzzzz' }] }),
        ).rejects.toMatchObject({ cause: { type: 'step_not_waiting' } });
        await entity.executeUpdate(cancelOperation, { args: [{ by: 'operator', operationId }] });
        expect(await operation.result()).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_operator' });
      });
    },
    60_000,
  );

  test('a signal by hand with anything in it is ignored', async () => {
    const world = stuck(1);
    await withInstance({ world }, async ({ operation, entity }) => {
      await until(() => world.notes.includes('needs_operator stack-up#1 stack_failed'));
      for (const args of [[], [null], ['please'], [{ ...request, action: 'explode' }], [{ action: 'retry' }]]) {
        await operation.signal(operatorDecided.name, ...args);
      }
      await entity.executeUpdate(retryStep, { args: [request] });
      expect(await operation.result()).toMatchObject({ status: 'succeeded' });
    });
  }, 60_000);

  test('a decision that came before its try waits for nobody: it is refused', async () => {
    const world = stuck(2);
    await withInstance({ world }, async ({ operation, entity }) => {
      await until(() => world.notes.includes('needs_operator stack-up#1 stack_failed'));
      await expect(entity.executeUpdate(abortOperation, { args: [{ ...request, attempt: 2 }] })).rejects.toMatchObject({
        cause: { type: 'step_not_waiting' },
      });
      await entity.executeUpdate(retryStep, { args: [request] });
      await until(() => world.notes.includes('needs_operator stack-up#2 stack_failed'));
      expect((await operation.query(timelineQuery)).status).toBe('needs_operator');
      await entity.executeUpdate(retryStep, { args: [{ ...request, attempt: 2 }] });
      expect(await operation.result()).toMatchObject({ status: 'succeeded' });
      expect(world.decisions.map(({ action, attempt }) => `${action} #${attempt}`)).toEqual(['retry #1', 'retry #2']);
    });
  }, 60_000);

  test('of two different decisions at once one is used, and the other is refused', async () => {
    const world = stuck(1);
    await withInstance({ world, realTime: true }, async ({ operation, entity }) => {
      await until(() => world.notes.includes('needs_operator stack-up#1 stack_failed'));
      const outcomes = await Promise.allSettled([
        entity.executeUpdate(retryStep, { args: [request] }),
        entity.executeUpdate(abortOperation, { args: [{ ...request, operator: 'bob' }] }),
      ]);
      const refused = outcomes.filter(({ status }) => status === 'rejected');
      expect(refused).toMatchObject([{ reason: { cause: { type: 'step_not_waiting' } } }]);
      await operation.result();
      expect(world.decisions).toHaveLength(1);
      const [used] = world.decisions;
      expect(outcomes[used?.action === 'retry' ? 0 : 1]?.status).toBe('fulfilled');
    });
  }, 60_000);

  test('abort of a step behind the pivot is refused: the server is delivered', async () => {
    const world = createWorld({
      'send-mail': (tries) => {
        if (tries === 1) throw fail('mail_refused');
      },
    });
    await withInstance({ world }, async ({ operation, entity }) => {
      await until(() => world.notes.includes('needs_operator send-mail#1 mail_refused'));
      const mail = { ...request, step: 'send-mail' as const };
      await expect(entity.executeUpdate(abortOperation, { args: [mail] })).rejects.toMatchObject({
        cause: { type: 'already_ready' },
      });
      await entity.executeUpdate(retryStep, { args: [mail] });
      expect(await operation.result()).toMatchObject({ status: 'succeeded' });
    });
  }, 60_000);

  test('a cancel while a step waits for an operator takes the alarm back', async () => {
    const world = stuck(1);
    await withInstance({ world, realTime: true }, async ({ operation, entity }) => {
      await until(() => world.notes.includes('needs_operator stack-up#1 stack_failed'));
      await entity.executeUpdate(cancelOperation, { args: [{ by: 'customer' }] });
      expect(await operation.result()).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_customer' });
      const { steps } = await operation.query(timelineQuery);
      expect(steps.find(({ step }) => step === 'stack-up')?.status).toBe('failed');
      expect((await operation.describe()).searchAttributes.NeedsAttention).toEqual([false]);
    });
  }, 60_000);

  test('a cancel in the moment in which the operator is called takes the alarm back too', async () => {
    let called = false;
    const world = stuck(1);
    world.activities.noteNeedsOperator = async () => {
      called = true;
      throw fail('internal', false);
    };
    await withInstance({ world, realTime: true }, async ({ operation, entity }) => {
      await until(() => called);
      await entity.executeUpdate(cancelOperation, { args: [{ by: 'customer' }] });
      expect(await operation.result()).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_customer' });
      expect((await operation.describe()).searchAttributes.NeedsAttention).toEqual([false]);
    });
  }, 60_000);

  test('a window that ends leaves no step that seems to wait', async () => {
    const world = stuck(1);
    await withInstance({ world }, async ({ operation }) => {
      expect(await operation.result()).toMatchObject({ status: 'failed', reason: 'not_delivered' });
      const { steps } = await operation.query(timelineQuery);
      expect(steps.find(({ step }) => step === 'stack-up')?.status).toBe('failed');
    });
  }, 60_000);

  test('the search attributes say what happens: provisioning, then ready', async () => {
    let go = false;
    const world = createWorld({
      'stack-up': () => {
        if (!go) throw fail('stack_busy', false);
      },
    });
    await withInstance({ world }, async ({ operation, entity }) => {
      await until(() => world.calls.includes('stack-up'));
      expect((await entity.query(stateQuery)).status).toBe('provisioning');
      expect((await entity.describe()).searchAttributes.InstanceStatus).toEqual(['provisioning']);
      expect((await operation.describe()).searchAttributes.InstanceStatus).toEqual(['provisioning']);
      go = true;
      await operation.result();
      expect((await operation.describe()).searchAttributes.InstanceStatus).toEqual(['ready']);
      await until(async () => (await entity.query(stateQuery)).status === 'ready');
      expect((await entity.describe()).searchAttributes.InstanceStatus).toEqual(['ready']);
    });
  }, 60_000);

  test('a cancel that comes before the operation runs gives everything back, and makes nothing', async () => {
    const world = createWorld();
    await withInstance({ world, realTime: true, atOnce: true }, async ({ operation, entity }) => {
      await entity.executeUpdate(cancelOperation, { args: [{ by: 'customer' }] });
      await until(async () => (await entity.describe()).status.name === 'COMPLETED');
      expect(await operation.result()).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_customer' });
      expect(world.order.state).toBe('cancelled');
      expect(world.calls).not.toContain('issue-licence');
      expect(world.calls).not.toContain('stack-up');
    });
  }, 60_000);

  test('cancel, abort and retry in the same moment undo once, for the reason that came first', async () => {
    const world = stuck(1);
    await withInstance({ world, realTime: true }, async ({ operation, entity }) => {
      await until(() => world.notes.includes('needs_operator stack-up#1 stack_failed'));
      await Promise.allSettled([
        entity.executeUpdate(cancelOperation, { args: [{ by: 'customer' }] }),
        entity.executeUpdate(cancelOperation, { args: [{ by: 'operator' }] }),
        entity.executeUpdate(abortOperation, { args: [request] }),
        entity.executeUpdate(retryStep, { args: [request] }),
      ]);
      const result = await operation.result();
      expect(result).toMatchObject({ status: 'cancelled', reason: world.order.reason });
      expect(world.tries.get('settle-money')).toBe(1);
      expect(world.tries.get('destroy-stack')).toBe(1);
      await until(async () => (await entity.describe()).status.name === 'COMPLETED');
    });
  }, 60_000);
});
