import { type Run, runsOf } from '../support/temporal.ts';
import { until } from '../support/until.ts';
import { type Running, type World, type WorldOptions, withInstance } from '../workflows/world.ts';

/** Plays a scenario in a world of its own, and returns the history of every run. */
export type Scenario = () => Promise<Run[]>;

export type Scenarios = Readonly<Record<string, Scenario>>;

export interface OrderScenario extends Omit<WorldOptions, 'world'> {
  world(): World;
  /** Acts on the order until its operation has ended; absent where it ends by itself. */
  play?(running: Running & { world: World }): Promise<unknown>;
}

/** The scenario of one order: the histories of its entity and of its operation. */
export function order({ world: create, play, ...options }: OrderScenario): Scenario {
  return () => {
    const world = create();
    return withInstance({ world, limitMs: 120_000, ...options }, async (running) => {
      const { entity, operation, environment } = running;
      await play?.({ ...running, world });
      await operation.result();
      await until(
        async () => {
          const { status, searchAttributes } = await entity.describe();
          return status.name === 'COMPLETED' || searchAttributes.InstanceStatus?.[0] === 'ready';
        },
        { what: 'the entity knows how its operation ended', limitMs: 30_000 },
      );
      const runs = [entity, operation].map(({ workflowId }) => runsOf(environment.client, workflowId));
      return (await Promise.all(runs)).flat();
    });
  };
}
