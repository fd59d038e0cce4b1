import { activityInfo } from '@temporalio/activity';
import type { Difference, JudgedDrift } from '../../contracts/drift.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import type { OperationKind } from '../../contracts/states.ts';
import type { StepContext } from '../../contracts/workflow-messages.ts';
import { describeDifference } from '../../domain/operations/describe-resource.ts';
import { nowDate } from '../../runtime/clock.ts';
import { isDuplicateKey } from '../../store/duplicate-key.ts';
import type { OrderPlace } from './end-order.ts';
import type { RecordsPorts } from './ports.ts';

/** Opens the row of an operation that was not ordered; made once, whoever comes first. */
export function openOperation({ store }: RecordsPorts) {
  return async (place: OrderPlace, { kind, accountId }: { kind: OperationKind; accountId: string }): Promise<void> => {
    const { operationId, instanceId, orderId } = place;
    const row = { _id: operationId, instanceId, orderId, accountId, kind, status: 'running' as const, steps: [] };
    try {
      await store.operations.insert({ ...row, createdAt: nowDate() });
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
  };
}

/** Ends an operation whose workflow ended without a result and which is not run again; nothing where it has no row. */
export function endBroken({ store }: RecordsPorts) {
  return async (place: OrderPlace): Promise<void> => {
    const operation = await store.operations.find(place.operationId);
    if (!operation) return;
    const news = { status: 'failed', reason: 'internal' } as const;
    await store.operations.setStatus(place.operationId, news);
    await store.timeline.appendOnce(place, { type: 'operation', kind: operation.kind, ...news });
  };
}

/**
 * This step makes an incident of what a look found: the server is `drifted`, and its timeline says what is amiss. Where a
 * person has to decide, it fails with the reason: `volume_gone`, `volume_changed`, `unknown_objects`, `drift_unclear`.
 */
export function reportDrift({ store, journal }: RecordsPorts) {
  return async (context: StepContext, drift: JudgedDrift): Promise<void> => {
    if (drift.verdict === 'none') return;
    const { instanceId, orderId, operationId, step } = context;
    const place = { instanceId, orderId, operationId };
    const { reason, differences, verdict } = drift;
    await store.instances.update(instanceId, { status: 'drifted' });
    await store.operations.setStatus(operationId, { status: 'running', reason });
    await store.timeline.appendOnce(place, { type: 'instance', status: 'drifted' });
    await store.timeline.appendOnce(place, { type: 'operation', kind: 'check-drift', status: 'running', reason });
    // The lines explain the incident; one that was told twice would look like two.
    for (const difference of activityInfo().attempt === 1 ? differences : []) {
      await journal.append(context, { type: 'log', step, severity: 'warning', text: describeDifference(difference) });
    }
    if (verdict === 'needs_person') throw new ReasonError(reason, differences.map(forOperators).join('; '));
  };
}

function forOperators({ name, id, change, properties }: Difference): string {
  return `${name || 'something unnamed'} (${id}) ${change}${properties.length > 0 ? `: ${properties.join(', ')}` : ''}`;
}
