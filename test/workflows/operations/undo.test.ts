import { describe, expect, test } from '@jest/globals';
import {
  abortOperation,
  cancelOperation,
  retryStep,
  skipStep,
  stateQuery,
} from '../../../src/contracts/workflow-messages.ts';
import { boundOf } from '../../histories/bounds.ts';
import { until } from '../../support/until.ts';
import { createWorld, fail, operationId, withInstance } from '../world.ts';

const minute = 60_000;
const hour = 60 * minute;

/** A world whose host never becomes healthy and whose customer cancels: everything has to be undone. */
const cancelled = {
  'await-healthy': () => {
    throw fail('cancelled_by_customer');
  },
};

describe('the undo of an order', () => {
  test('a destroy that fails for good is tried again until it works, and frees the name only then', async () => {
    const world = createWorld({
      ...cancelled,
      'destroy-stack': (tries) => {
        if (tries < 4) throw fail('stack_failed');
      },
    });
    await withInstance({ world }, async ({ operation, entity }) => {
      expect(await operation.result()).toMatchObject({ status: 'cancelled' });
      expect(world.tries.get('destroy-stack')).toBe(4);
      expect(world.notes).toContain('needs_operator destroy-stack#1 orphan_cleanup');
      expect(world.notes).toContain('undoing/orphan_cleanup');
      expect(world.calls.indexOf('release-hostname')).toBeGreaterThan(world.calls.lastIndexOf('destroy-stack'));
      expect(world.order.state).toBe('cancelled');
      await until(async () => (await entity.describe()).status.name === 'COMPLETED');
    });
  }, 60_000);

  test('an operator has a failed undo step tried again at once; skip and abort of it change nothing', async () => {
    let fixed = false;
    const world = createWorld({
      ...cancelled,
      'settle-money': () => {
        if (!fixed) throw fail('refund_failed');
      },
    });
    await withInstance({ world }, async ({ environment, operation, entity }) => {
      await until(() => world.notes.includes('needs_operator settle-money#1 refund_failed'));
      await until(() => world.calls.includes('release-hostname'), { what: 'the things did not wait for the money' });
      fixed = true;
      const started = await environment.currentTimeMs();
      const request = { operationId, step: 'settle-money' as const, attempt: 1, operator: 'ada', why: 'paid by hand' };
      await expect(entity.executeUpdate(skipStep, { args: [request] })).rejects.toMatchObject({
        cause: { type: 'step_not_skippable' },
      });
      await expect(entity.executeUpdate(abortOperation, { args: [request] })).rejects.toMatchObject({
        cause: { type: 'step_not_waiting' },
      });
      await entity.executeUpdate(retryStep, { args: [request] });
      expect(await operation.result()).toMatchObject({ status: 'cancelled' });
      expect(await environment.currentTimeMs()).toBeLessThan(started + 9_000);
      expect(world.decisions).toEqual([{ ...request, action: 'retry' }]);
    });
  }, 60_000);

  test('a decision about a try that was just followed by the next one is refused; one that came in time is recorded', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const world = createWorld({
      ...cancelled,
      'settle-money': async (tries) => {
        if (tries === 1) throw fail('refund_failed');
        await held;
      },
    });
    await withInstance({ world, realTime: true, limitMs: 80_000 }, async ({ operation, entity }) => {
      await until(() => world.notes.includes('needs_operator settle-money#1 refund_failed'));
      await until(() => world.tries.get('settle-money') === 2, {
        what: 'it is tried again by itself',
        limitMs: 30_000,
      });
      const request = { operationId, step: 'settle-money' as const, attempt: 1, operator: 'ada', why: 'paid by hand' };
      await expect(entity.executeUpdate(retryStep, { args: [request] })).rejects.toMatchObject({
        cause: { type: 'step_not_waiting' },
      });
      release();
      expect(await operation.result()).toMatchObject({ status: 'cancelled' });
      expect(world.decisions).toEqual([]);
    });
  }, 90_000);

  test('a decision about a step that works in the same moment is recorded', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const world = createWorld({ ...cancelled, 'destroy-stack': () => held });
    const times = { FREEHOLD_ORPHAN_AFTER_MS: 200 };
    await withInstance({ world, times, realTime: true, limitMs: 80_000 }, async ({ operation, entity }) => {
      await until(() => world.notes.includes('needs_operator destroy-stack#1 orphan_cleanup'));
      const request = {
        operationId,
        step: 'destroy-stack' as const,
        attempt: 1,
        operator: 'ada',
        why: 'removed by hand',
      };
      await entity.executeUpdate(retryStep, { args: [request] });
      release();
      expect(await operation.result()).toMatchObject({ status: 'cancelled' });
      expect(world.decisions).toEqual([{ ...request, action: 'retry' }]);
    });
  }, 90_000);

  test('the history of a refund that fails for two months stays within its bound', async () => {
    const world = createWorld({
      ...cancelled,
      'settle-money': (tries) => {
        if (tries < 252) throw fail('refund_failed');
      },
    });
    await withInstance({ world, limitMs: 105_000 }, async ({ environment, operation }) => {
      const started = await environment.currentTimeMs();
      expect(await operation.result()).toMatchObject({ status: 'cancelled' });
      expect((await environment.currentTimeMs()) - started).toBeGreaterThan(60 * 24 * hour);
      const history = await operation.fetchHistory();
      expect(history.events!.length).toBeLessThan(boundOf({ workflowId: operation.workflowId, history }));
      expect(history.events!.length).toBeLessThan(8_000);
    });
  }, 120_000);

  test('an apology that its address refuses waits for an operator, then the order ends without it', async () => {
    const world = createWorld({
      ...cancelled,
      'send-outcome-mail': () => {
        throw fail('mail_refused');
      },
    });
    await withInstance({ world }, async ({ environment, operation, entity }) => {
      const started = await environment.currentTimeMs();
      expect(await operation.result()).toMatchObject({ status: 'cancelled' });
      expect((await environment.currentTimeMs()) - started).toBeGreaterThanOrEqual(24 * hour);
      expect(world.order.state).toBe('cancelled');
      expect(world.notes).toContain('needs_operator send-outcome-mail#1 mail_refused');
      expect(world.calls).toContain('release-hostname');
      await until(async () => (await entity.describe()).status.name === 'COMPLETED');
    });
  }, 60_000);

  test('an operator skips an apology that cannot be delivered', async () => {
    const world = createWorld({
      ...cancelled,
      'send-outcome-mail': () => {
        throw fail('mail_refused');
      },
    });
    await withInstance({ world }, async ({ operation, entity }) => {
      await until(() => world.notes.includes('needs_operator send-outcome-mail#1 mail_refused'));
      const request = {
        operationId,
        step: 'send-outcome-mail' as const,
        attempt: 1,
        operator: 'ada',
        why: 'told by phone',
      };
      await entity.executeUpdate(skipStep, { args: [request] });
      expect(await operation.result()).toMatchObject({ status: 'cancelled' });
    });
  }, 60_000);

  test('while it undoes, the entity says so, and a second cancel changes nothing', async () => {
    let release = false;
    const world = createWorld({
      'await-payment': () => {
        throw fail('not_paid_yet', false);
      },
      'settle-money': () => {
        if (!release) throw fail('internal', false);
      },
    });
    await withInstance({ world, realTime: true }, async ({ operation, entity }) => {
      await until(() => world.calls.includes('await-payment'));
      await entity.executeUpdate(cancelOperation, { args: [{ by: 'customer' }] });
      await until(async () => (await entity.query(stateQuery)).status === 'undoing');
      await entity.executeUpdate(cancelOperation, { args: [{ by: 'operator' }] });
      release = true;
      expect(await operation.result()).toMatchObject({ reason: 'cancelled_by_customer' });
    });
  }, 60_000);
});
