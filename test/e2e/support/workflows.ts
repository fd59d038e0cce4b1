import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { z } from 'zod';
import { instanceWorkflowId, operationWorkflowId } from '../../../src/contracts/workflow-messages.ts';
import type { Purchase } from './purchase.ts';
import type { World } from './world.ts';

const Listed = z.object({
  executions: z.array(z.object({ type: z.object({ name: z.string() }), status: z.string() })).default([]),
});

/** Types of all workflows that Temporal ran for an order. */
export async function workflowsOf(world: World, { order }: Purchase): Promise<string[]> {
  return (await list(world, `OrderId = "${order.id}"`)).map(({ type }) => type.name).sort();
}

/** The workflows that match a query of the visibility store. */
async function list({ platform }: World, query: string) {
  const address = `http://127.0.0.1:${platform.ports['temporal-http']}/api/v1/namespaces/default/workflows`;
  const answer = await fetch(`${address}?query=${encodeURIComponent(query)}`);
  return Listed.parse(await answer.json()).executions;
}

/** Whether the workflow of a late payment has completed, as the only one with its id. */
export async function latePaymentWorkflow(world: World, paymentIntentId: string): Promise<boolean> {
  const executions = await list(world, `WorkflowId = "billing/late/${paymentIntentId}"`);
  return executions.length === 1 && executions[0]!.status === 'WORKFLOW_EXECUTION_STATUS_COMPLETED';
}

/** How many late-payment workflows of this ended order need attention. */
export async function latePaymentsWaiting(world: World, { order }: Purchase): Promise<number> {
  const waits = 'NeedsAttention = true AND ExecutionStatus = "Running" AND WorkflowType = "settleLatePayment"';
  return (await list(world, `OrderId = "${order.id}" AND ${waits}`)).length;
}

/** The histories of an order: the events of its entity and its operation, with payloads as text. */
export async function historiesOf(
  { platform }: World,
  { order }: Purchase,
): Promise<{ events: number; text: string }[]> {
  const connection = await Connection.connect({ address: platform.env.TEMPORAL_ADDRESS! });
  try {
    const { workflow } = new Client({ connection });
    const ids = [instanceWorkflowId(order.instanceId), operationWorkflowId(order.instanceId, order.operationId)];
    return await Promise.all(
      ids.map(async (id) => {
        const { events } = JSON.parse(historyToJSON(await workflow.getHandle(id).fetchHistory()));
        const text = JSON.stringify(events, (name, value: unknown) =>
          name === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString() : value,
        );
        return { events: events.length, text };
      }),
    );
  } finally {
    await connection.close();
  }
}
