import { activityInfo } from '@temporalio/activity';
import type { Difference, JudgedDrift } from '../../contracts/drift.ts';
import { checkDrift } from '../../contracts/operations/check-drift.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import type { StepContext } from '../../contracts/workflow-messages.ts';
import { describeDifference } from '../../domain/operations/describe-resource.ts';
import type { RecordsPorts } from './ports.ts';

/**
 * This step opens an incident for the drift that was found: the server is `drifted`, and its timeline and its operation
 * list the differences. Where an operator has to decide, it fails with the reason: `volume_gone`, `volume_changed`,
 * `unknown_objects`, `drift_unclear`.
 */
export function reportDrift({ store, journal }: RecordsPorts) {
  return async (context: StepContext, drift: JudgedDrift): Promise<void> => {
    if (drift.verdict === 'none') return;
    const { instanceId, operationId, step } = context;
    const ref = { instanceId, operationId };
    const { reason, differences, verdict } = drift;
    await store.instances.update(instanceId, { status: 'drifted' });
    await store.operations.setStatus(operationId, { status: 'running', reason });
    await store.operations.setFound(operationId, differences.map(forOperators));
    await store.timeline.appendOnce(ref, { type: 'instance', status: 'drifted' });
    await store.timeline.appendOnce(ref, { type: 'operation', kind: checkDrift.kind, status: 'running', reason });
    // The lines explain the incident; a repeated line would look like a second one.
    for (const difference of activityInfo().attempt === 1 ? differences : []) {
      await journal.append(context, { type: 'log', step, severity: 'warning', text: describeDifference(difference) });
    }
    if (verdict === 'needs_person') throw new ReasonError(reason, differences.map(forOperators).join('; '));
  };
}

function forOperators({ name, id, change, properties }: Difference): string {
  return `${name || 'something unnamed'} (${id}) ${change}${properties.length > 0 ? `: ${properties.join(', ')}` : ''}`;
}
