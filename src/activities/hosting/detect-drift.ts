import { AsyncResource } from 'node:async_hooks';
import { activityInfo, cancellationSignal, log } from '@temporalio/activity';
import type { Drift, JudgedDrift } from '../../contracts/drift.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import type { RunnerLine } from '../../contracts/stack.ts';
import type { StepContext } from '../../contracts/workflow-messages.ts';
import { forgotten, judgeDrift } from '../../domain/operations/judge-drift.ts';
import { specFrom } from '../../domain/operations/server-spec.ts';
import type { StackPorts } from './ports.ts';
import { stackName } from './stack-up.ts';
import { waitForCloud } from './wait-for-cloud.ts';

/**
 * This step compares a delivered server with the state of its stack; it only reads at the cloud. A server that is not
 * delivered, or not any more, has not drifted. A scheduled check without a finding writes no step and no timeline
 * entry. Errors: those of `stack-up`, without the licence's.
 */
export function detectDrift({ store, runStack }: Pick<StackPorts, 'store' | 'runStack'>) {
  return async ({ instanceId }: { instanceId: string } | StepContext): Promise<JudgedDrift> => {
    const instance = await store.instances.find(instanceId);
    if (instance?.status !== 'ready' && instance?.status !== 'drifted') {
      return { verdict: 'none', differences: [], requiredVolumeIds: [] };
    }
    const stack = stackName(instanceId);
    let drift: (Drift & { seen: string[] }) | undefined;
    const hear = (line: RunnerLine) => {
      if (line.type === 'drift') drift = line;
      if (line.type === 'log' && line.severity !== 'info') log.warn(line.text, { stack });
    };
    try {
      await runStack(
        { kind: 'preview-refresh', stack, spec: specFrom(instance), recover: false, delivered: true },
        { onLine: AsyncResource.bind(hear), signal: cancellationSignal() },
      );
    } catch (error) {
      throw waitForCloud(error, activityInfo().attempt);
    }
    if (!drift) throw new ReasonError('runner_died', 'the run reported no drift result');
    const { outputs } = instance;
    const { requiredVolumeIds } = drift;
    const differences = [...drift.differences, ...forgotten(outputs, drift)];
    const verdict = judgeDrift(differences);
    // After an operator has replaced a volume that was gone, the record follows.
    if (verdict.verdict === 'none' && outputs && requiredVolumeIds.some((id) => !outputs.volumeIds.includes(id))) {
      await store.instances.update(instanceId, { outputs: { ...outputs, volumeIds: requiredVolumeIds } });
    }
    return { differences, requiredVolumeIds, ...verdict };
  };
}
