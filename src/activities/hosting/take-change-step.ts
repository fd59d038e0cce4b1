import { setTimeout as delay } from 'node:timers/promises';
import { cancellationSignal } from '@temporalio/activity';
import { ReasonError } from '../../contracts/reasons.ts';
import type { StackOutputs } from '../../contracts/stack.ts';
import type { StepContext } from '../../contracts/workflow-messages.ts';
import {
  type ChangeStep,
  type ChangeStepKind,
  type ChangeStrategy,
  type DesiredServer,
  planChange,
} from '../../domain/operations/plan-change.ts';
import { monotonic } from '../../runtime/clock.ts';
import type { InstanceRecord } from '../../store/records.ts';
import { heartbeat } from '../lib/heartbeat-interceptor.ts';
import { measureDowntime } from './measure-downtime.ts';
import type { StackPorts } from './ports.ts';
import type { ExpectedHost } from './read-host-health.ts';
import { mayHaveRunBefore, runStackWithProgress } from './run-stack-with-progress.ts';
import { deliveredRequest, specOf } from './stack-up.ts';

export interface DesiredChange {
  desired: DesiredServer;
  strategy?: ChangeStrategy;
}

/** What was done of a change. */
export interface TakenStep {
  kind: ChangeStepKind;
  node?: string;
  /** For how long the server did not answer meanwhile, ms, as measured from outside; null where nobody looked. */
  downtimeMs: number | null;
  /** Steps that are still to be taken. */
  left: number;
}

const pollIntervalMs = 100;

/**
 * This step brings a delivered server one step nearer to what is wished of it (`domain/plan-change.ts`), and answers what
 * it did, or null when nothing is left to do: an operation calls it until then. Its undo is itself, with what was wished
 * before. The record says what stands before anything is waited for, so that a server which does not answer after a step
 * is known as it is, and the next call, forward or back, begins there.
 *
 * Errors: those of `stack-up`; `host_unhealthy` when the server does not answer in time after the step, or before one
 * that needs it to; `dns_unresolved` when a new name does not lead anywhere in time.
 */
export function takeChangeStep(ports: StackPorts) {
  return async (
    context: StepContext,
    { desired: wish, strategy = 'replace' }: DesiredChange,
  ): Promise<TakenStep | null> => {
    const instance = await ports.store.instances.find(context.instanceId);
    if (!instance?.licenceId) throw new ReasonError('licence_refused', 'the instance has no licence');
    const { steps } = planChange(specOf(instance), wish, { strategy });
    const [step] = steps;
    if (!step) return null;
    const expected: ExpectedHost = {
      ...{ instanceId: instance._id, hostname: instance.hostname },
      versions: [...new Set([instance.image, wish.image])],
    };
    if (step.needs === 'healthy') await untilHealthy(ports, expected, `before ${step.kind}`);

    const watch = wish.running && step.waitFor === 'healthy' ? measureDowntime(() => ports.readHealth(expected)) : null;
    try {
      const request = deliveredRequest(instance, { spec: step.spec, recover: mayHaveRunBefore(context) });
      const outputs = await runStackWithProgress(ports, context, request);
      if (!outputs) throw new ReasonError('stack_failed', 'the stack has no outputs');
      await ports.store.instances.update(instance._id, changeOf(instance, step, outputs));
      if (step.waitFor === 'healthy') await untilHealthy(ports, expected, `after ${step.kind}`);
      if (step.waitFor === 'resolved') await untilResolved(ports, step.spec.hostnames);
    } finally {
      await watch?.stop();
    }
    const node = step.node === undefined ? {} : { node: step.node };
    return { kind: step.kind, ...node, downtimeMs: watch?.downtimeMs() ?? null, left: steps.length - 1 };
  };
}

/** What the record says after a step: what stands, and as what the server is known by it. */
function changeOf(instance: InstanceRecord, { spec }: ChangeStep, outputs: StackOutputs) {
  const { nodes, hostnames, diskGib, tags } = spec;
  const serving = nodes[0]?.machines.find(({ name }) => name === nodes[0]?.serving);
  const { size, image } = serving ?? instance;
  return { appliedSpec: { nodes, hostnames, diskGib, tags }, size, image, diskGib, outputs };
}

async function untilHealthy(ports: StackPorts, expected: ExpectedHost, when: string): Promise<void> {
  let problem: ReasonError | undefined;
  const isHealthy = async () => {
    problem = await ports.readHealth(expected);
    return problem === undefined;
  };
  if (await until(isHealthy, ports.healthyWithinMs)) return;
  throw new ReasonError('host_unhealthy', `${when}: ${problem?.detail ?? problem?.code}`, { cause: problem });
}

async function untilResolved(ports: StackPorts, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const resolves = async () => (await ports.resolve(name)).length > 0;
    if (!(await until(resolves, ports.healthyWithinMs))) throw new ReasonError('dns_unresolved', name);
  }
}

/** Whether something came true within `limitMs`. */
async function until(isTrue: () => Promise<boolean>, limitMs: number): Promise<boolean> {
  const signal = cancellationSignal();
  const end = monotonic() + limitMs;
  while (!(await isTrue())) {
    if (monotonic() > end) return false;
    heartbeat({ phase: 'host_starting' });
    await delay(pollIntervalMs, undefined, { signal });
  }
  return true;
}
