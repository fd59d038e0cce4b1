import { CancellationScope, currentUpdateInfo } from '@temporalio/workflow';
import type { AcceptedOperation, InstanceInput } from '../../contracts/workflow-messages.ts';

const rememberedUpdates = 200;

/** Results of the latest Updates, carried over continue-as-new: Temporal deduplicates within one run only. */
export function openUpdateMemory(known: InstanceInput['recentUpdates']) {
  const updates = [...known];

  /** The earlier result of the current Update; undefined for a new one. */
  function previousResult(): AcceptedOperation | undefined {
    const updateId = currentUpdateInfo()?.id;
    const earlier = updates.find((update) => update.updateId === updateId);
    return earlier ? { operationId: earlier.operationId } : undefined;
  }

  return {
    /** Oldest first. */
    all: (): InstanceInput['recentUpdates'] => updates,
    previousResult,
    /** Handles an Update, unless it is known, and remembers its result. */
    async deduplicate(handle: () => Promise<AcceptedOperation>): Promise<AcceptedOperation> {
      const accepted = previousResult();
      if (accepted) return accepted;
      const { operationId } = await CancellationScope.nonCancellable(handle);
      const updateId = currentUpdateInfo()?.id;
      if (updateId) updates.push({ updateId, operationId });
      updates.splice(0, Math.max(0, updates.length - rememberedUpdates));
      return { operationId };
    },
  };
}
