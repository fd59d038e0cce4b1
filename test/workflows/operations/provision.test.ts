import { describe, expect, test } from '@jest/globals';
import {
  abortOperation,
  cancelOperation,
  paymentChanged,
  retryStep,
  skipStep,
  stateQuery,
} from '../../../src/contracts/workflow-messages.ts';
import { until } from '../../support/until.ts';
import { createWorld, fail, operationId, withInstance } from '../world.ts';

const forward = [
  'hold-hostname',
  'create-subscription',
  'await-payment',
  'issue-licence',
  'stack-up',
  'await-healthy',
  'await-activation',
  'mark-ready',
  'send-mail',
];
const hour = 3_600_000;

describe('provision', () => {
  test('runs its steps in the order of the declaration and hands over', async () => {
    const world = createWorld();
    await withInstance({ world }, async ({ operation, entity }) => {
      expect(await operation.result()).toEqual({ status: 'succeeded', instanceStatus: 'ready' });
      expect(world.calls).toEqual(forward);
      expect(world.order.state).toBe('fulfilled');
      await until(async () => (await entity.query(stateQuery)).status === 'ready');
    });
  }, 60_000);

  test('mails the payer the link of the order once it is paid', async () => {
    const world = createWorld({
      'issue-licence': async () => {
        await until(async () => world.links.mailed.length > 0);
      },
    });
    await withInstance({ world }, async ({ operation, instanceId }) => {
      expect(await operation.result()).toMatchObject({ status: 'succeeded' });
      expect(world.links.mailed).toEqual([`ord_${instanceId.slice(1)}`]);
    });
  }, 60_000);

  test('delivers an order whose link no relay takes', async () => {
    const world = createWorld();
    world.links.refusal = 'mail_refused';
    await withInstance({ world }, async ({ operation }) => {
      expect(await operation.result()).toEqual({ status: 'succeeded', instanceStatus: 'ready' });
      expect(world.calls).toEqual(forward);
    });
  }, 60_000);

  test('an unpaid order expires at its deadline, releases the name and notifies the payer', async () => {
    const world = createWorld({
      'await-payment': () => {
        throw fail('not_paid_yet', false);
      },
    });
    await withInstance({ world }, async ({ operation }) => {
      expect(await operation.result()).toMatchObject({ status: 'failed', reason: 'payment_expired' });
      expect(world.order.state).toBe('expired');
      expect(world.calls).toContain('settle-money');
      expect(world.calls).toContain('send-outcome-mail');
      expect(world.calls).toContain('release-hostname');
      expect(world.calls).not.toContain('revoke-licence');
      expect(world.calls).not.toContain('destroy-stack');
      expect(world.links.mailed).toEqual([]);
      const { history } = await operation.fetchHistory().then((fetched) => ({ history: fetched.events ?? [] }));
      expect(history.length).toBeLessThan(200);
    });
  }, 60_000);

  test('a payment signal starts a new read at once', async () => {
    let paid = false;
    const world = createWorld({
      'await-payment': () => {
        if (!paid) throw fail('not_paid_yet', false);
      },
    });
    await withInstance({ world, realTime: true }, async ({ operation, entity }) => {
      await until(async () => world.calls.includes('await-payment'));
      paid = true;
      await entity.signal(paymentChanged);
      expect(await operation.result()).toMatchObject({ status: 'succeeded' });
    });
  }, 60_000);

  test('too many declines end the order as declined', async () => {
    const world = createWorld({
      'await-payment': () => {
        throw fail('too_many_declines');
      },
    });
    await withInstance({ world }, async ({ operation }) => {
      expect(await operation.result()).toMatchObject({ status: 'failed', reason: 'too_many_declines' });
      expect(world.order.state).toBe('declined');
    });
  }, 60_000);

  test('a step that fails for good waits for an operator, and undoes by itself when the window ends', async () => {
    const world = createWorld({
      'stack-up': () => {
        throw fail('stack_failed');
      },
    });
    await withInstance({ world }, async ({ environment, operation, entity }) => {
      const started = await environment.currentTimeMs();
      expect(await operation.result()).toMatchObject({ status: 'failed', reason: 'not_delivered' });
      expect((await environment.currentTimeMs()) - started).toBeGreaterThanOrEqual(24 * hour);
      expect(world.notes).toContain('needs_operator stack-up#1 stack_failed');
      expect(world.order.state).toBe('failed_refunded');
      const undone = world.calls.slice(world.calls.indexOf('stack-up') + 1);
      expect([...undone].sort()).toEqual(
        [
          'destroy-stack',
          'end-order',
          'release-hostname',
          'revoke-licence',
          'send-outcome-mail',
          'settle-money',
        ].sort(),
      );
      expect(undone.indexOf('release-hostname')).toBeGreaterThan(undone.indexOf('destroy-stack'));
      expect(undone.indexOf('destroy-stack')).toBeGreaterThan(undone.indexOf('revoke-licence'));
      expect(undone.indexOf('end-order')).toBeGreaterThan(undone.indexOf('settle-money'));
      await until(async () => (await entity.describe()).status.name === 'COMPLETED');
    });
  }, 60_000);

  test('a deadline that passes between two tries has the reason of the deadline, not that of the last try', async () => {
    const world = createWorld({
      'await-healthy': () => {
        throw fail('host_starting', false);
      },
    });
    await withInstance({ world }, async ({ operation }) => {
      expect(await operation.result()).toMatchObject({ status: 'failed', reason: 'not_delivered' });
      expect(world.notes).toContain('needs_operator await-healthy#1 host_unhealthy');
    });
  }, 60_000);

  test('a refused key alarms at once, and the order goes on by itself when the key is right again', async () => {
    const world = createWorld({
      'create-subscription': (tries) => {
        if (tries === 1) throw fail('payment_access_refused');
      },
      'await-payment': (tries) => {
        if (tries < 4) throw fail('payment_access_refused');
      },
    });
    await withInstance({ world }, async ({ environment, operation }) => {
      const started = await environment.currentTimeMs();
      expect(await operation.result()).toMatchObject({ status: 'succeeded' });
      expect((await environment.currentTimeMs()) - started).toBeLessThan(hour);
      expect(world.notes.filter((note) => note.startsWith('needs_operator'))).toEqual([
        'needs_operator create-subscription#1 payment_access_refused',
        ...[1, 2, 3].map((attempt) => `needs_operator await-payment#${attempt} payment_access_refused`),
      ]);
      expect(world.decisions).toEqual([]);
      const attributes = (await operation.describe()).typedSearchAttributes.getAll();
      expect(attributes.find(({ key }) => key.name === 'NeedsAttention')?.value).toBe(false);
    });
  }, 60_000);

  test('news of the payment make a step that waits for an operator look again', async () => {
    let paid = false;
    const world = createWorld({
      'await-payment': () => {
        if (!paid) throw fail('payment_request_refused');
      },
    });
    await withInstance({ world, realTime: true }, async ({ operation, entity }) => {
      await until(async () => world.notes.includes('needs_operator await-payment#1 payment_request_refused'));
      paid = true;
      await entity.signal(paymentChanged);
      expect(await operation.result()).toMatchObject({ status: 'succeeded' });
    });
  }, 60_000);

  test('an order whose payment could not be read is read once more before it is given up', async () => {
    const isRead = [false, false];
    for (const [index] of isRead.entries()) {
      const world = createWorld({
        'await-payment': (tries) => {
          if (tries === 1 || index === 0) throw fail('payment_request_refused');
          isRead[index] = true;
        },
      });
      await withInstance({ world, times: { FREEHOLD_OPERATOR_WINDOW_MS: hour } }, async ({ operation }) => {
        const result = await operation.result();
        if (index === 0) expect(result).toMatchObject({ status: 'failed', reason: 'not_delivered' });
        else expect(result).toMatchObject({ status: 'succeeded' });
        expect(world.tries.get('await-payment')).toBe(2);
      });
    }
  }, 120_000);

  test('a payment that arrives while its refund cannot be made is looked at at once', async () => {
    let isRight = false;
    const world = createWorld({
      'await-payment': () => {
        throw fail('payment_expired');
      },
      'settle-money': () => {
        if (!isRight) throw fail('payment_access_refused');
      },
    });
    await withInstance({ world, realTime: true }, async ({ operation, entity }) => {
      // Its second pause of 20 s has begun.
      await until(async () => world.notes.includes('needs_operator settle-money#2 payment_access_refused'), {
        limitMs: 25_000,
      });
      isRight = true;
      const asked = Date.now();
      await entity.signal(paymentChanged);
      expect(await operation.result()).toMatchObject({ status: 'failed', reason: 'payment_expired' });
      expect(Date.now() - asked).toBeLessThan(15_000);
    });
  }, 60_000);

  test.each(['price_not_honoured', 'not_found'] as const)(
    'an order that cannot go on (%s) is undone at once: nobody has to decide',
    async (reason) => {
      const world = createWorld({
        'create-subscription': () => {
          throw fail(reason);
        },
      });
      await withInstance({ world }, async ({ operation, entity }) => {
        expect(await operation.result()).toMatchObject({ status: 'failed', reason });
        expect(world.notes.filter((note) => note.startsWith('needs_operator'))).toEqual([]);
        expect(world.calls).toContain('settle-money');
        await until(async () => (await entity.describe()).status.name === 'COMPLETED');
      });
    },
    60_000,
  );

  test('an operator retries the waiting step, and the order goes on', async () => {
    const world = createWorld({
      'stack-up': (tries) => {
        if (tries === 1) throw fail('stack_failed');
      },
    });
    await withInstance({ world }, async ({ operation, entity }) => {
      await until(async () => world.notes.includes('needs_operator stack-up#1 stack_failed'));
      const request = { operationId, step: 'stack-up' as const, attempt: 1, operator: 'ada', why: 'quota raised' };
      await entity.executeUpdate(retryStep, { args: [request] });
      expect(await operation.result()).toMatchObject({ status: 'succeeded' });
      expect(world.decisions).toEqual([{ ...request, action: 'retry' }]);
    });
  }, 60_000);

  test('a decision about another try is refused, as is a skip where it is not allowed', async () => {
    const world = createWorld({
      'await-healthy': (tries) => {
        if (tries < 3) throw fail('host_unhealthy');
      },
      'issue-licence': (tries) => {
        if (tries === 1) throw fail('licence_refused');
      },
    });
    await withInstance({ world }, async ({ operation, entity }) => {
      const request = { operationId, step: 'issue-licence' as const, attempt: 1, operator: 'ada', why: 'test' };
      await until(async () => world.notes.includes('needs_operator issue-licence#1 licence_refused'));
      await expect(entity.executeUpdate(skipStep, { args: [request] })).rejects.toMatchObject({
        cause: { type: 'step_not_skippable' },
      });
      await expect(
        entity.executeUpdate(retryStep, { args: [{ ...request, operationId: 'op_zzzzzzzzzzzzzzzz' }] }),
      ).rejects.toMatchObject({ cause: { type: 'step_not_waiting' } });
      await entity.executeUpdate(retryStep, { args: [request] });
      await until(async () => world.notes.includes('needs_operator await-healthy#1 host_unhealthy'));
      await expect(
        entity.executeUpdate(retryStep, { args: [{ ...request, step: 'await-healthy', attempt: 7 }] }),
      ).rejects.toMatchObject({ cause: { type: 'step_not_waiting' } });
      await entity.executeUpdate(retryStep, { args: [{ ...request, step: 'await-healthy', attempt: 1 }] });
      await until(async () => world.notes.includes('needs_operator await-healthy#2 host_unhealthy'));
      await entity.executeUpdate(skipStep, { args: [{ ...request, step: 'await-healthy', attempt: 2 }] });
      expect(await operation.result()).toMatchObject({ status: 'succeeded' });
      expect(world.decisions.map(({ action, step, attempt }) => `${action} ${step}#${attempt}`)).toEqual([
        'retry issue-licence#1',
        'retry await-healthy#1',
        'skip await-healthy#2',
      ]);
    });
  }, 60_000);

  test('an invalid Update is refused, and the order continues', async () => {
    const world = createWorld({
      'stack-up': (tries) => {
        if (tries === 1) throw fail('stack_failed');
      },
    });
    await withInstance({ world }, async ({ operation, entity }) => {
      await until(async () => world.notes.includes('needs_operator stack-up#1 stack_failed'));
      const request = { operationId, step: 'stack-up', attempt: 1, operator: 'ada', why: 'quota raised' };
      const unreadable: [name: string, input: unknown][] = [
        ['cancel-operation', undefined],
        ['cancel-operation', { by: 'nobody' }],
        ['retry-step', undefined],
        ['retry-step', { ...request, attempt: '1' }],
        ['skip-step', { ...request, step: 'lunch' }],
        ['abort', { ...request, why: '' }],
      ];
      for (const [name, input] of unreadable) {
        await expect(entity.executeUpdate(name, { args: [input] })).rejects.toMatchObject({
          cause: { type: 'invalid_request' },
        });
      }
      await entity.executeUpdate('retry-step', { args: [request] });
      expect(await operation.result()).toMatchObject({ status: 'succeeded' });
    });
  }, 60_000);

  test('an operator aborts: everything is undone and the order is cancelled by the operator', async () => {
    const world = createWorld({
      'await-activation': () => {
        throw fail('activation_missing');
      },
    });
    await withInstance({ world }, async ({ operation, entity }) => {
      await until(async () => world.notes.includes('needs_operator await-activation#1 activation_missing'));
      const request = { operationId, step: 'await-activation' as const, attempt: 1, operator: 'ada', why: 'hopeless' };
      await entity.executeUpdate(abortOperation, { args: [request] });
      expect(await operation.result()).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_operator' });
      expect(world.calls).toContain('destroy-stack');
    });
  }, 60_000);

  test.each(['create-subscription', 'await-payment', 'issue-licence', 'await-healthy'] as const)(
    'a cancel during %s ends the step and undoes what was begun',
    async (name) => {
      let entered = false;
      const world = createWorld({
        [name]: () => {
          entered = true;
          throw fail(name === 'await-payment' ? 'not_paid_yet' : 'internal', false);
        },
      });
      await withInstance({ world, realTime: true }, async ({ operation, entity }) => {
        await until(async () => entered);
        await entity.executeUpdate(cancelOperation, { args: [{ by: 'customer' }] });
        expect(await operation.result()).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_customer' });
        expect(world.order.state).toBe('cancelled');
        const begun = forward.slice(0, forward.indexOf(name) + 1);
        expect(world.calls.includes('revoke-licence')).toBe(begun.includes('issue-licence'));
        expect(world.calls.includes('destroy-stack')).toBe(begun.includes('stack-up'));
        expect(world.calls).toContain('release-hostname');
      });
    },
    60_000,
  );

  test('cancel after ready is refused with already_ready', async () => {
    const world = createWorld();
    await withInstance({ world }, async ({ operation, entity }) => {
      await operation.result();
      await expect(entity.executeUpdate(cancelOperation, { args: [{ by: 'customer' }] })).rejects.toMatchObject({
        cause: { type: 'already_ready' },
      });
    });
  }, 60_000);

  test('cancel and ready race: the one who wrote first wins', async () => {
    const world = createWorld({
      'mark-ready': () => {
        world.order.state = 'cancelling';
        world.order.reason = 'cancelled_by_customer';
      },
    });
    await withInstance({ world }, async ({ operation }) => {
      expect(await operation.result()).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_customer' });
      expect(world.calls).toContain('destroy-stack');
      expect(world.calls).not.toContain('send-mail');
    });
  }, 60_000);

  test('a destroy that keeps failing shows as orphan_cleanup and does not hold up the money', async () => {
    const world = createWorld({
      'await-healthy': () => {
        throw fail('cancelled_by_customer');
      },
      'destroy-stack': (tries) => {
        if (tries < 12) throw fail('cloud_unavailable', false);
      },
    });
    await withInstance({ world }, async ({ operation }) => {
      expect(await operation.result()).toMatchObject({ status: 'cancelled' });
      expect(world.notes).toContain('undoing/orphan_cleanup');
      expect(world.calls.indexOf('end-order')).toBeLessThan(world.calls.lastIndexOf('destroy-stack'));
      expect(world.calls.indexOf('send-outcome-mail')).toBeLessThan(world.calls.lastIndexOf('destroy-stack'));
    });
  }, 60_000);

  test('a mail that cannot be sent never undoes a server: it waits for an operator for as long as it takes', async () => {
    const world = createWorld({
      'send-mail': () => {
        throw fail('mail_refused');
      },
    });
    await withInstance({ world }, async ({ environment, operation, entity }) => {
      await until(async () => world.notes.includes('needs_operator send-mail#1 mail_refused'));
      await environment.sleep(72 * hour);
      expect(world.order.state).toBe('fulfilled');
      const request = { operationId, step: 'send-mail' as const, attempt: 1, operator: 'ada', why: 'told by phone' };
      await entity.executeUpdate(skipStep, { args: [request] });
      expect(await operation.result()).toMatchObject({ status: 'succeeded' });
      expect(world.calls).not.toContain('settle-money');
    });
  }, 60_000);

  test('the entity continues as new when its history grows, and keeps admitting', async () => {
    const world = createWorld();
    await withInstance({ world, maxEvents: 10 }, async ({ operation, entity }) => {
      const first = (await entity.describe()).runId;
      await operation.result();
      await until(async () => (await entity.describe()).runId !== first);
      expect((await entity.query(stateQuery)).status).toBe('ready');
    });
  }, 60_000);
});
