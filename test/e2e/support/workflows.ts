import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { z } from 'zod';
import { instanceWorkflowId, operationWorkflowId } from '../../../src/contracts/workflow-messages.ts';
import type { Purchase } from './purchase.ts';
import type { World } from './world.ts';

const Listed = z.object({
  executions: z.array(z.object({ type: z.object({ name: z.string() }), status: z.string() })),
});

/** Types of the workflows that Temporal ever ran for an order, by its own list. */
export async function workflowsOf({ platform }: World, { order }: Purchase): Promise<string[]> {
  const query = encodeURIComponent(`OrderId = "${order.id}"`);
  const answer = await fetch(
    `http://127.0.0.1:${platform.ports['temporal-http']}/api/v1/namespaces/default/workflows?query=${query}`,
  );
  return Listed.parse(await answer.json())
    .executions.map(({ type }) => type.name)
    .sort();
}

/** Whether the workflow that looks after money of an ended order has completed, as the only one of its id. */
export async function strayWorkflow({ platform }: World, paymentIntentId: string): Promise<boolean> {
  const query = encodeURIComponent(`WorkflowId = "billing/stray/${paymentIntentId}"`);
  const answer = await fetch(
    `http://127.0.0.1:${platform.ports['temporal-http']}/api/v1/namespaces/default/workflows?query=${query}`,
  );
  const { executions } = Listed.parse(await answer.json());
  return executions.length === 1 && executions[0]!.status === 'WORKFLOW_EXECUTION_STATUS_COMPLETED';
}

/** What Temporal keeps of an order: the events of its entity and of its operation, with their payloads as text. */
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
