import {
  abortOperation,
  cancelOperation,
  paymentChanged,
  retryStep,
  skipStep,
  stateQuery,
} from '../../src/contracts/workflow-messages.ts';
import { until } from '../support/until.ts';
import { createWorld, fail, operationId, type Running, type World, type WorldOptions } from '../workflows/world.ts';

/** One way of an order that histories are recorded of: the world it meets, and what is done to it until it ended. */
export interface Scenario {
  world(): World;
  options?: Omit<WorldOptions, 'world'>;
  play(running: Running & { world: World }): Promise<unknown>;
}

const by = { operationId, attempt: 1, operator: 'ada', why: 'recorded' };
const failing = (reason: Parameters<typeof fail>[0]) => () => {
  throw fail(reason);
};
const notPaid = () => {
  throw fail('not_paid_yet', false);
};

/** Every way that the workflows know; one file of histories is kept for each. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  delivered: {
    world: () =>
      createWorld({
        'await-payment': (tries) => {
          if (tries === 1) notPaid();
        },
      }),
    async play({ world, entity, operation }) {
      await until(() => world.calls.includes('await-payment'));
      await entity.signal(paymentChanged);
      await operation.result();
      await until(async () => (await entity.query(stateQuery)).status === 'ready');
    },
  },
  expired: {
    world: () => createWorld({ 'await-payment': notPaid }),
    play: ({ operation }) => operation.result(),
  },
  declined: {
    world: () => createWorld({ 'await-payment': failing('too_many_declines') }),
    play: ({ operation }) => operation.result(),
  },
  'cancelled-unpaid': {
    world: () => createWorld({ 'await-payment': notPaid }),
    async play({ world, entity, operation }) {
      await until(() => world.calls.includes('await-payment'));
      await entity.executeUpdate(cancelOperation, { args: [{ by: 'customer' }] });
      await operation.result();
    },
  },
  'cancelled-while-built': {
    world: () => createWorld({ 'stack-up': failing('stack_failed') }),
    async play({ world, entity, operation }) {
      await until(() => world.notes.includes('needs_operator stack-up#1 stack_failed'));
      await entity.executeUpdate(cancelOperation, { args: [{ by: 'operator' }] });
      await operation.result();
    },
  },
  'retried-and-skipped': {
    world: () =>
      createWorld({
        'stack-up': (tries) => {
          if (tries === 1) throw fail('stack_failed');
        },
        'await-healthy': failing('host_unhealthy'),
        'send-mail': failing('mail_refused'),
      }),
    async play({ world, entity, operation }) {
      await until(() => world.notes.includes('needs_operator stack-up#1 stack_failed'));
      await entity.executeUpdate(retryStep, { args: [{ ...by, step: 'stack-up' }] });
      await until(() => world.notes.includes('needs_operator await-healthy#1 host_unhealthy'));
      await entity.executeUpdate(skipStep, { args: [{ ...by, step: 'await-healthy' }] });
      await until(() => world.notes.includes('needs_operator send-mail#1 mail_refused'));
      await entity.executeUpdate(skipStep, { args: [{ ...by, step: 'send-mail' }] });
      await operation.result();
    },
  },
  aborted: {
    world: () => createWorld({ 'await-activation': failing('activation_missing') }),
    async play({ world, entity, operation }) {
      await until(() => world.notes.includes('needs_operator await-activation#1 activation_missing'));
      await entity.executeUpdate(abortOperation, { args: [{ ...by, step: 'await-activation' }] });
      await operation.result();
    },
  },
  'not-delivered-and-hard-to-undo': {
    world: () =>
      createWorld({
        'issue-licence': failing('licence_refused'),
        'settle-money': (tries) => {
          if (tries < 3) throw fail('refund_failed');
        },
        'send-apology': failing('mail_refused'),
      }),
    play: ({ operation }) => operation.result(),
  },
  orphaned: {
    world: () =>
      createWorld({
        'await-healthy': failing('cancelled_by_customer'),
        'destroy-stack': (tries) => {
          if (tries < 15) throw fail('cloud_unavailable', false);
          if (tries < 17) throw fail('stack_failed');
        },
      }),
    play: ({ operation }) => operation.result(),
  },
  'terminated-and-run-again': {
    world: () =>
      createWorld({
        'await-payment': (tries) => {
          if (tries === 1) notPaid();
        },
      }),
    options: { realTime: true },
    async play({ world, entity, operation }) {
      await until(() => world.calls.includes('await-payment'));
      await operation.terminate();
      await until(async () => (await entity.describe()).searchAttributes.NeedsAttention?.[0] === true);
      await entity.executeUpdate(retryStep, { args: [{ ...by, step: 'await-payment' }] });
      await until(async () => (await entity.query(stateQuery)).status === 'ready');
    },
  },
};
