import { ReasonError } from '../../contracts/reasons.ts';
import type { StepContext } from '../../contracts/workflow-messages.ts';
import { type ChangeStepKind, type ChangeStrategy, planChange } from '../../domain/operations/plan-change.ts';
import { appliedFrom, specFrom, versionOf } from '../../domain/operations/server-spec.ts';
import { measureDowntime } from './measure-downtime.ts';
import type { StackPorts } from './ports.ts';
import type { ExpectedHost } from './read-host-health.ts';
import { mayHaveRunBefore, runStackWithProgress } from './run-stack-with-progress.ts';
import { deliveredRequest } from './stack-up.ts';
import { until, untilHealthy } from './until-healthy.ts';

/** One step of a change that was done. */
export interface TakenStep {
  kind: ChangeStepKind;
  node?: string;
  /** How long the server did not answer meanwhile, ms, measured from outside; null where it was not measured. */
  downtimeMs: number | null;
  /** Number of steps that remain. */
  left: number;
}

/**
 * This step brings a delivered server one step closer to its `desired` record (`planChange`), and returns what it
 * did, or null when nothing is left to do: an operation calls it until then. Its undo is the same step, once
 * `desired` has its earlier value again. `applied` is written before any wait, so that the record of a server which
 * does not answer after a step is right, and the next call, forward or undo, begins there.
 *
 * Errors: those of `stack-up`; `topology_not_enabled` where other nodes are desired; `host_unhealthy` when the server
 * does not answer in time after the step, or before one that needs it to; `dns_unresolved` when a new name does not
 * resolve in time.
 */
export function takeChangeStep(ports: StackPorts) {
  return async (
    context: StepContext,
    { strategy = 'replace' }: { strategy?: ChangeStrategy } = {},
  ): Promise<TakenStep | null> => {
    const instance = await ports.store.instances.find(context.instanceId);
    if (!instance?.licenceId) throw new ReasonError('licence_refused', 'the instance has no licence');
    const { desired } = instance;
    const applied = specFrom(instance);
    const { steps } = planChange(applied, desired, { strategy });
    const [step] = steps;
    if (!step) return null;
    const expected: ExpectedHost = {
      instanceId: instance._id,
      // A new primary name does not resolve before it was added.
      hostname: applied.hostnames[0]!,
      versions: [...new Set([versionOf(instance), desired.image])],
    };
    if (step.needs === 'healthy') await untilHealthy(ports, expected, `before ${step.kind}`);

    const watch =
      desired.running && step.waitFor === 'healthy' ? measureDowntime(() => ports.readHealth(expected)) : null;
    try {
      const request = deliveredRequest(instance, { spec: step.spec, recover: mayHaveRunBefore(context) });
      const outputs = await runStackWithProgress(ports, context, request);
      if (!outputs) throw new ReasonError('stack_failed', 'the stack has no outputs');
      await ports.store.instances.update(instance._id, { applied: appliedFrom(step.spec, outputs), outputs });
      if (step.waitFor === 'healthy') await untilHealthy(ports, expected, `after ${step.kind}`);
      if (step.waitFor === 'resolved') await untilResolved(ports, step.spec.hostnames);
    } finally {
      await watch?.stop();
    }
    const node = step.node === undefined ? {} : { node: step.node };
    return { kind: step.kind, ...node, downtimeMs: watch?.downtimeMs() ?? null, left: steps.length - 1 };
  };
}

async function untilResolved(ports: StackPorts, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const resolves = async () => (await ports.resolve(name)).length > 0;
    if (!(await until(resolves, ports.healthyWithinMs))) throw new ReasonError('dns_unresolved', name);
  }
}
