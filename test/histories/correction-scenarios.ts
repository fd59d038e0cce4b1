import {
  type CorrectionRef,
  controlQueue,
  correctionWorkflowId,
  correctionWorkflowType,
} from '../../src/contracts/workflow-messages.ts';
import { runsOf } from '../support/temporal.ts';
import { until } from '../support/until.ts';
import { createWorld, withInstance } from '../workflows/world.ts';
import type { Scenario, Scenarios } from './scenario.ts';

const correction: CorrectionRef = { orderId: 'ord_0123456789abcdef', number: 1 };

/** What follows a corrected address of a delivered order; a relay may refuse the new address too. */
function corrected({ isRefused }: { isRefused: boolean }): Scenario {
  return async () => {
    const world = createWorld();
    return withInstance({ world }, async ({ environment }) => {
      await until(() => world.order.state === 'fulfilled');
      if (isRefused) world.links.refusal = 'mail_refused';
      const workflowId = correctionWorkflowId(correction);
      const options = { workflowId, taskQueue: controlQueue, args: [correction] };
      await environment.client.workflow.execute(correctionWorkflowType, options).catch(() => undefined);
      return runsOf(environment.client, workflowId);
    });
  };
}

/** The scenarios of corrected addresses. */
export const correctionScenarios: Scenarios = {
  'address-corrected': corrected({ isRefused: false }),
  'address-corrected-and-refused': corrected({ isRefused: true }),
};
