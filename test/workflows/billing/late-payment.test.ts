import { describe, expect, test } from '@jest/globals';
import {
  controlQueue,
  type LatePayment,
  latePaymentWorkflowId,
  latePaymentWorkflowType,
} from '../../../src/contracts/workflow-messages.ts';
import { until } from '../../support/until.ts';
import { createWorld, fail, withInstance } from '../world.ts';

const latePayment: LatePayment = { paymentIntentId: 'pi_1', orderId: 'ord_0123456789abcdef', refundId: 're_1' };

describe('money after the end of its order', () => {
  test('calls people when Stripe refuses it, is tried again until it is settled, and the payer hears of it', async () => {
    const world = createWorld({
      'settle-money': (tries) => {
        if (tries < 4) throw fail('refund_failed');
      },
    });
    await withInstance({ world }, async ({ environment }) => {
      await until(() => world.order.state === 'fulfilled');
      const handle = await environment.client.workflow.start(latePaymentWorkflowType, {
        workflowId: latePaymentWorkflowId(latePayment),
        taskQueue: controlQueue,
        args: [latePayment],
      });
      await until(async () => (await handle.describe()).searchAttributes.NeedsAttention?.[0] === true);
      expect((await handle.describe()).searchAttributes.OrderId).toEqual([latePayment.orderId]);
      await handle.result();
      expect((await handle.describe()).searchAttributes.NeedsAttention).toEqual([false]);
      expect(world.tries.get('settle-money')).toBe(4);
      expect(world.notes).toContain('late refund 3509');
    });
  }, 60_000);

  test('fails for an order without a record, instead of being tried for ever', async () => {
    const world = createWorld({
      'settle-money': () => {
        throw fail('not_found');
      },
    });
    await withInstance({ world }, async ({ environment }) => {
      const handle = await environment.client.workflow.start(latePaymentWorkflowType, {
        workflowId: latePaymentWorkflowId(latePayment),
        taskQueue: controlQueue,
        args: [latePayment],
      });
      await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'not_found' } });
    });
  }, 60_000);
});
