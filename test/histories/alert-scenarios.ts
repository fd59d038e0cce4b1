import { Worker } from '@temporalio/worker';
import { tellOperatorsWorkflowId, tellOperatorsWorkflowType } from '../../src/contracts/incidents.ts';
import { controlQueue } from '../../src/contracts/workflow-messages.ts';
import { runsOf, startTimeSkipping, workflowBundle } from '../support/temporal.ts';
import { fail } from '../workflows/world.ts';
import type { Scenario, Scenarios } from './scenario.ts';

/** An incident that is told to two addresses, the second of which takes its message at the third try or never. */
function incident({ isTaken }: { isTaken: boolean }): Scenario {
  return async () => {
    const environment = await startTimeSkipping();
    const incidentId = 'inc_0123456789abcdef';
    let tries = 0;
    const activities = {
      alertTargets: async () => ['mail-1', 'webhook-2'],
      tellTarget: async (_message: unknown, target: string) => {
        if (target === 'mail-1') return;
        tries += 1;
        if (!isTaken) throw fail('mail_refused');
        if (tries < 3) throw fail('alert_not_taken', false);
      },
    };
    try {
      const { nativeConnection: connection, client } = environment;
      const bundle = await workflowBundle();
      const worker = await Worker.create({ connection, taskQueue: controlQueue, workflowBundle: bundle, activities });
      const workflowId = tellOperatorsWorkflowId(incidentId);
      const options = { workflowId, taskQueue: controlQueue, args: [{ incidentId }] };
      await worker.runUntil(client.workflow.execute(tellOperatorsWorkflowType, options).catch(() => undefined));
      return await runsOf(client, workflowId);
    } finally {
      await environment.teardown();
    }
  };
}

/** The scenarios of telling operators. */
export const alertScenarios: Scenarios = {
  'operators-told': incident({ isTaken: true }),
  'operators-partly-told': incident({ isTaken: false }),
};
