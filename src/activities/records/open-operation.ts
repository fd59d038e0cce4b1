import type { OperationKind } from '../../contracts/operations/registry.ts';
import type { OperationRef } from '../../contracts/workflow-messages.ts';
import { nowDate } from '../../runtime/clock.ts';
import { isDuplicateKey } from '../../store/duplicate-key.ts';
import type { RecordsPorts, WaitPorts } from './ports.ts';

/** Creates the row of an operation that was not ordered, at most once. */
export function openOperation({ store }: Pick<RecordsPorts, 'store'>) {
  return async (ref: OperationRef, { kind, accountId }: { kind: OperationKind; accountId: string }): Promise<void> => {
    const { operationId, instanceId } = ref;
    const row = { _id: operationId, instanceId, accountId, kind, status: 'running' as const, steps: [] };
    try {
      await store.operations.insert({ ...row, createdAt: nowDate() });
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
  };
}

/** Ends an operation whose workflow ended without a result and which is not run again; a no-op where it has no row. */
export function endBroken({ store, incidents }: Pick<WaitPorts, 'store' | 'incidents'>) {
  return async (ref: OperationRef): Promise<void> => {
    const operation = await store.operations.find(ref.operationId);
    if (!operation) return;
    const change = { status: 'failed', reason: 'internal' } as const;
    await store.operations.setStatus(ref.operationId, change);
    await store.timeline.appendOnce(ref, { type: 'operation', kind: operation.kind, ...change });
    await incidents.closeOf(ref.operationId);
  };
}
