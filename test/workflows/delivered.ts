import type { RequestedBy } from '../../src/contracts/operations/operation.ts';
import type { OperationKind } from '../../src/contracts/operations/registry.ts';
import { operationWorkflowId, requestUpdate, stateQuery } from '../../src/contracts/workflow-messages.ts';
import { until } from '../support/until.ts';
import {
  type Behaviour,
  createWorld,
  exists,
  type Running,
  type World,
  type WorldOptions,
  withInstance,
} from './world.ts';

export interface Delivered extends Running {
  world: World;
  /** Requests an operation from the entity. */
  ask(kind: OperationKind, operationId: string, requestedBy: RequestedBy): Promise<{ operationId: string }>;
  /** The workflow of an operation. */
  handleOf(operationId: string): Running['operation'];
  /** The result of an operation, also of one that has not begun yet. */
  resultOf(operationId: string): Promise<unknown>;
  state(): Promise<{ status: string; running: { operationId: string } | null; queue: { operationId: string }[] }>;
}

/** A delivered server in a world of its own, whose behaviours apply from the delivery on. */
export async function withDelivered(
  behaviours: Record<string, Behaviour>,
  test: (delivered: Delivered) => Promise<void>,
  options: Omit<WorldOptions, 'world'> = {},
): Promise<void> {
  const delivered = { is: false };
  const later = Object.entries(behaviours).map(([step, behaviour]): [string, Behaviour] => [
    step,
    (tries, context) => (delivered.is ? behaviour(tries, context) : undefined),
  ]);
  const world = createWorld(Object.fromEntries(later));
  await withInstance({ world, ...options }, async (running) => {
    const { entity, operation, environment, instanceId } = running;
    await operation.result();
    await until(async () => (await entity.query(stateQuery)).status === 'ready');
    delivered.is = true;
    world.calls.splice(0);
    world.notes.splice(0);
    world.tries.clear();
    const handleOf = (id: string) => environment.client.workflow.getHandle(operationWorkflowId(instanceId, id));
    await test({
      ...running,
      world,
      ask: (kind, operationId, requestedBy) =>
        entity.executeUpdate(requestUpdate(kind), { args: [{ operationId, requestedBy }], updateId: operationId }),
      handleOf,
      async resultOf(id) {
        await until(() => exists(handleOf(id)), { what: 'the operation runs as a child' });
        return handleOf(id).result();
      },
      state: () => entity.query(stateQuery),
    });
  });
}
