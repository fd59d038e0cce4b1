import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { restart as declaration } from '../../contracts/operations/restart.ts';
import type { OperationInput, OperationResult } from '../../contracts/workflow-messages.ts';
import { controlActivities, pollActivities, stackActivities } from '../lib/activities.ts';
import { OperationEnds, openSaga } from '../lib/saga.ts';

/**
 * Restarts the machines of a delivered server, and waits until it answers from outside. A failed step waits for an
 * operator. Ends `succeeded` with the server as it was before, or `cancelled` when an operator ended it: then the
 * server is `drifted` until the next check finds it healthy.
 */
export async function restart(input: OperationInput): Promise<OperationResult> {
  const { facts, from } = input;
  const saga = await openSaga(declaration, input);
  const row = { kind: declaration.kind, accountId: facts.accountId };

  try {
    await CancellationScope.nonCancellable(async () => {
      await controlActivities().openOperation(saga.ref, row);
      await saga.note({ status: 'running' });
    });
    await saga.steps([
      {
        name: 'restart-machines',
        run: (context, within) => stackActivities(facts.cloud, within).restartServer(context),
      },
      { name: 'await-healthy', run: (context, within) => pollActivities(within).awaitHealthy(context) },
    ]);
  } catch (error) {
    if (!isCancellation(error) && !(error instanceof OperationEnds)) throw error;
    const instanceStatus = 'drifted';
    await CancellationScope.nonCancellable(async () => {
      await saga.setInstanceStatus(instanceStatus);
      await saga.note({ status: 'cancelled', reason: 'operation_ended', instanceStatus });
    });
    saga.end('cancelled', instanceStatus);
    return { status: 'cancelled', instanceStatus, reason: 'operation_ended' };
  }
  await CancellationScope.nonCancellable(() => saga.note({ status: 'succeeded' }));
  saga.end('succeeded', from);
  return { status: 'succeeded', instanceStatus: from };
}
