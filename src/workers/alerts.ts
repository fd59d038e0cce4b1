import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { AlertAddresses } from '../activities/alerts/ports.ts';
import { type Severity, tellOperatorsWorkflowId, tellOperatorsWorkflowType } from '../contracts/incidents.ts';
import { controlQueue } from '../contracts/workflow-messages.ts';
import { textsOf } from '../texts/texts.ts';

/** Starts the telling of an incident, once. */
export function tellOperatorsBy(client: Client) {
  return async (incidentId: string): Promise<void> => {
    try {
      await client.workflow.start(tellOperatorsWorkflowType, {
        workflowId: tellOperatorsWorkflowId(incidentId),
        taskQueue: controlQueue,
        args: [{ incidentId }],
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        staticSummary: textsOf('en').details.summaries.tellOperators({ incidentId }),
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  };
}

/** The configured addresses by severity; mails about warnings go where critical ones go unless configured otherwise. */
export function alertAddresses(config: {
  FREEHOLD_ALERT_CRITICAL_MAIL: readonly string[];
  FREEHOLD_ALERT_WARNING_MAIL?: readonly string[] | undefined;
  FREEHOLD_ALERT_CRITICAL_WEBHOOK: readonly string[];
  FREEHOLD_ALERT_WARNING_WEBHOOK: readonly string[];
}): Record<Severity, AlertAddresses> {
  return {
    critical: { mail: config.FREEHOLD_ALERT_CRITICAL_MAIL, webhook: config.FREEHOLD_ALERT_CRITICAL_WEBHOOK },
    warning: {
      mail: config.FREEHOLD_ALERT_WARNING_MAIL ?? config.FREEHOLD_ALERT_CRITICAL_MAIL,
      webhook: config.FREEHOLD_ALERT_WARNING_WEBHOOK,
    },
  };
}
