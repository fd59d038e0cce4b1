import { setTimeout as delay } from 'node:timers/promises';
import type { AcceptedOperation } from '../contracts/api/operations.ts';
import type { OperatorOperation } from '../contracts/api/operator.ts';
import { monotonic } from '../runtime/clock.ts';
import { textsOf } from '../texts/texts.ts';
import type { OperatorClient } from './client.ts';
import { followOperation } from './follow-operation.ts';
import { operationText } from './print.ts';
import { CommandError } from './settings.ts';

const pollIntervalMs = 500;
/** How long the operation may stay queued, ms. */
const turnMs = 60_000;

/**
 * Requests an operation of a server and follows it until it has ended or needs an operator. If it is still queued at
 * the timeout, returns its id.
 */
export async function requestOperation(
  api: OperatorClient,
  { instanceId, kind, report }: { instanceId: string; kind: string; report(line: string): void },
): Promise<OperatorOperation | AcceptedOperation> {
  const accepted = await api.requestOperation(instanceId, kind);
  const until = monotonic() + turnMs;
  for (;;) {
    const operation = await find(api, accepted.operationId);
    if (operation) return followOperation(api, operation, { report });
    if (monotonic() > until) return accepted;
    await delay(pollIntervalMs);
  }
}

export function outcomeText(result: OperatorOperation | AcceptedOperation): string {
  if ('kind' in result) return operationText(result);
  const { operationId } = result;
  return textsOf('en').cli.comesLater({ operationId });
}

async function find(api: OperatorClient, id: string): Promise<OperatorOperation | null> {
  try {
    return (await api.operation(id)).operation;
  } catch (error) {
    if (error instanceof CommandError && error.reason === 'not_found') return null;
    throw error;
  }
}
