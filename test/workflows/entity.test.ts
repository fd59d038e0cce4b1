import { describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { abortOperation, cancelOperation, retryStep, stateQuery } from '../../src/contracts/workflow-messages.ts';
import { until } from '../support/until.ts';
import { createWorld, fail, operationId, withInstance } from './world.ts';

const day = 24 * 3_600_000;
const request = { operationId, step: 'await-payment' as const, attempt: 1, operator: 'ada', why: 'it was terminated' };

/** A world that waits for the payment until it is reported. */
function unpaid() {
  const money = { came: false };
  const world = createWorld({
    'await-payment': () => {
      if (!money.came) throw fail('not_paid_yet', false);
    },
  });
  return { world, money };
}

describe('the entity of an instance', () => {
  test('outlives an operation that is terminated: an operator has it run again, and nothing is done twice', async () => {
    const { world, money } = unpaid();
    await withInstance({ world, realTime: true }, async ({ operation, entity }) => {
      await until(() => world.calls.includes('await-payment'));
      await operation.terminate('a slip of the hand');
      await until(async () => (await entity.describe()).searchAttributes.NeedsAttention?.[0] === true);
      money.came = true;
      await entity.executeUpdate(retryStep, { args: [request] });
      await until(async () => (await entity.query(stateQuery)).status === 'ready');
      expect((await entity.describe()).searchAttributes.NeedsAttention).toEqual([false]);
      expect(world.order.state).toBe('fulfilled');
    });
  }, 60_000);

  test('counts the attempts of an operation that is run again on, so that operators can decide about each', async () => {
    const world = createWorld({
      'stack-up': (tries) => {
        if (tries < 5) throw fail('cloud_unavailable');
      },
    });
    const waits = (attempt: number) =>
      until(() => world.notes.includes(`needs_operator stack-up#${attempt} cloud_unavailable`));
    await withInstance({ world, realTime: true }, async ({ operation, entity }) => {
      for (const attempt of [1, 2]) {
        await waits(attempt);
        await entity.executeUpdate(retryStep, { args: [{ ...request, step: 'stack-up' as const, attempt }] });
      }
      await waits(3);
      await operation.terminate('a slip of the hand');
      await until(() => world.notes.includes('needs_operator'));
      await entity.executeUpdate(retryStep, { args: [{ ...request, step: 'stack-up' as const, attempt: 3 }] });
      await waits(4);
      await entity.executeUpdate(retryStep, { args: [{ ...request, step: 'stack-up' as const, attempt: 4 }] });
      await until(async () => (await entity.query(stateQuery)).status === 'ready');
    });
  }, 60_000);

  test('refuses to abort a terminated operation whose order is delivered, and records no decision', async () => {
    const world = createWorld({
      'send-mail': () => {
        if (!world.notes.includes('needs_operator')) throw fail('mail_unavailable', false);
      },
    });
    await withInstance({ world, realTime: true }, async ({ operation, entity }) => {
      await until(() => world.calls.includes('send-mail'));
      await operation.terminate('a slip of the hand');
      await until(() => world.notes.includes('needs_operator'));
      const stopped = { ...request, step: 'mark-ready' as const };
      await expect(entity.executeUpdate(abortOperation, { args: [stopped] })).rejects.toMatchObject({
        cause: { type: 'already_ready' },
      });
      expect(world.decisions).toEqual([]);
      await entity.executeUpdate(retryStep, { args: [stopped] });
      await until(async () => (await entity.query(stateQuery)).running === null);
      expect(world.order.state).toBe('fulfilled');
    });
  }, 60_000);

  test.each(['customer', 'operator'] as const)(
    'a cancel by the %s after its operation was terminated undoes everything that may have been made',
    async (by) => {
      const { world } = unpaid();
      await withInstance({ world, realTime: true }, async ({ operation, entity }) => {
        await until(() => world.calls.includes('await-payment'));
        await operation.terminate('a slip of the hand');
        await until(async () => (await entity.describe()).searchAttributes.NeedsAttention?.[0] === true);
        if (by === 'customer') await entity.executeUpdate(cancelOperation, { args: [{ by }] });
        else await entity.executeUpdate(abortOperation, { args: [request] });
        await until(async () => (await entity.describe()).status.name === 'COMPLETED');
        expect(world.order.state).toBe('cancelled');
        for (const undone of ['settle-money', 'revoke-licence', 'destroy-stack', 'release-hostname']) {
          expect(world.calls).toContain(undone);
        }
      });
    },
    60_000,
  );

  test('"request cancellation" in the Temporal UI cancels an order that is not ready', async () => {
    const { world } = unpaid();
    await withInstance({ world, realTime: true }, async ({ operation, entity }) => {
      await until(() => world.calls.includes('await-payment'));
      await entity.cancel();
      expect(await operation.result()).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_operator' });
      expect(world.order.state).toBe('cancelled');
    });
  }, 60_000);

  test('"request cancellation" does not end the entity of a server that is ready', async () => {
    const world = createWorld();
    await withInstance({ world }, async ({ operation, entity }) => {
      await operation.result();
      await until(async () => (await entity.query(stateQuery)).status === 'ready');
      await entity.cancel();
      await expect(entity.executeUpdate(cancelOperation, { args: [{ by: 'customer' }] })).rejects.toMatchObject({
        cause: { type: 'already_ready' },
      });
      expect((await entity.query(stateQuery)).status).toBe('ready');
      expect((await entity.describe()).status.name).toBe('RUNNING');
    });
  }, 60_000);

  test('a cancel whose answer was lost is answered the same after continue-as-new', async () => {
    const world = createWorld();
    await withInstance({ world, maxEvents: 10, realTime: true }, async ({ operation, entity }) => {
      await operation.result();
      await until(async () => (await entity.query(stateQuery)).status === 'ready');
      for (let time = 0; time < 3; time += 1) {
        await expect(
          entity.executeUpdate(cancelOperation, { args: [{ by: 'customer' }], updateId: 'one' }),
        ).rejects.toMatchObject({ cause: { type: 'already_ready' } });
      }
    });
  }, 60_000);

  test('an order that waits 30 days for its money stays under 200 events, in child and entity', async () => {
    const money = { came: false };
    const world = createWorld({
      'await-payment': () => {
        if (!money.came) throw ApplicationFailure.create({ type: 'not_paid_yet', nextRetryDelay: '1 hour' });
      },
    });
    await withInstance(
      { world, times: { FREEHOLD_AWAIT_PAYMENT_MS: 31 * day }, limitMs: 105_000 },
      async ({ environment, operation, entity }) => {
        const started = await environment.currentTimeMs();
        await until(() => world.calls.includes('await-payment'));
        await environment.sleep(30 * day);
        money.came = true;
        expect(await operation.result()).toMatchObject({ status: 'succeeded' });
        expect((await environment.currentTimeMs()) - started).toBeGreaterThan(30 * day);
        expect(world.tries.get('await-payment')).toBeGreaterThan(700);
        await until(async () => (await entity.query(stateQuery)).status === 'ready');
        for (const workflow of [operation, entity]) {
          expect((await workflow.fetchHistory()).events!.length).toBeLessThan(200);
        }
      },
    );
  }, 120_000);
});
