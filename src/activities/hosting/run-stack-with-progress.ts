import { AsyncResource } from 'node:async_hooks';
import { activityInfo, cancellationSignal, log } from '@temporalio/activity';
import type { RunnerLine, StackRequest } from '../../contracts/stack.ts';
import type { StepContext } from '../../contracts/workflow-messages.ts';
import { describeResource } from '../../domain/operations/describe-resource.ts';
import { heartbeat } from '../lib/heartbeat-interceptor.ts';
import type { StackPorts } from './ports.ts';
import { waitForCloud } from './wait-for-cloud.ts';

/** Only the first attempt of the first try can rule out leftovers of an earlier one. */
export function mayHaveRunBefore(context: StepContext): boolean {
  return context.attempt > 1 || activityInfo().attempt > 1;
}

const logLevels = { info: 'info', warning: 'warn', error: 'error' } as const;

/**
 * Runs one Pulumi operation for a step: its progress goes to heartbeat and timeline, the output of engine and cloud
 * to the worker's log, and cloud errors are retried by their retry policy.
 */
export async function runStackWithProgress(
  { runStack, journal }: StackPorts,
  context: StepContext,
  request: StackRequest,
) {
  let written: Promise<unknown> = Promise.resolve();
  const writeLine = (line: RunnerLine) => {
    if (line.type === 'resource') heartbeat({ done: line.done, total: line.total });
    // Lines that the timeline misses are in the engine's own log; the operation does not stop for them.
    written = written
      .then(() => writeToTimeline(line))
      .catch((error) => log.warn('a line was not written to the timeline', { error }));
  };
  const writeToTimeline = async (line: RunnerLine) => {
    switch (line.type) {
      case 'resource':
        if (line.status === 'started') return;
        await journal.append(context, {
          type: 'log',
          step: context.step,
          severity: line.status === 'failed' ? 'error' : 'info',
          text: describeResource(line),
        });
        await journal.note(context, { status: 'running', progress: line.done / Math.max(1, line.total) });
        return;
      case 'log':
        // Customers read the timeline; output of engine and cloud is for operators, in the worker's log and the
        // failure.
        log[logLevels[line.severity]](line.text, { stack: request.stack });
        return;
      case 'phase':
      case 'drift':
      case 'result':
      case 'failure':
        return;
    }
  };
  try {
    // The runner may have been started before this activity; its callbacks must still run in this activity's context.
    return await runStack(request, { onLine: AsyncResource.bind(writeLine), signal: cancellationSignal() });
  } catch (error) {
    throw waitForCloud(error, activityInfo().attempt);
  } finally {
    await written;
  }
}
