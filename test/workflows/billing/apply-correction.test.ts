import { describe, expect, test } from '@jest/globals';
import {
  type CorrectionRef,
  controlQueue,
  correctionWorkflowId,
  correctionWorkflowType,
} from '../../../src/contracts/workflow-messages.ts';
import { until } from '../../support/until.ts';
import { createWorld, withInstance } from '../world.ts';

const correction: CorrectionRef = { orderId: 'ord_0123456789abcdef', number: 2 };
const start = {
  workflowId: correctionWorkflowId(correction),
  taskQueue: controlQueue,
  args: [correction] as [CorrectionRef],
};

describe('what follows a corrected address', () => {
  test('the records, the mails and the replaced address, each on its own; the order is found by its id', async () => {
    const world = createWorld();
    await withInstance({ world, limitMs: 120_000 }, async ({ environment }) => {
      await until(() => world.order.state === 'fulfilled');
      const handle = await environment.client.workflow.start(correctionWorkflowType, start);
      await handle.result();
      expect((await handle.describe()).searchAttributes.OrderId).toEqual([correction.orderId]);
      const { orderId } = correction;
      expect(world.notes).toEqual(
        expect.arrayContaining([`corrected ${orderId} 2`, `mailed again ${orderId}`, `replaced ${orderId}`]),
      );
    });
  }, 150_000);

  test('fails where the new address is refused too, after everything else is done, and can be started again', async () => {
    const world = createWorld();
    await withInstance({ world, limitMs: 120_000 }, async ({ environment }) => {
      await until(() => world.order.state === 'fulfilled');
      world.links.refusal = 'mail_refused';
      const handle = await environment.client.workflow.start(correctionWorkflowType, start);
      await expect(handle.result()).rejects.toMatchObject({ cause: { cause: { type: 'mail_refused' } } });
      const { orderId } = correction;
      expect(world.notes).toEqual(expect.arrayContaining([`corrected ${orderId} 2`, `replaced ${orderId}`]));
      delete world.links.refusal;
      const again = await environment.client.workflow.start(correctionWorkflowType, {
        ...start,
        workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      });
      await again.result();
      expect(world.notes).toContain(`mailed again ${orderId}`);
    });
  }, 150_000);
});
