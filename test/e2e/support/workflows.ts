import { z } from 'zod';
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
