import { setTimeout as delay } from 'node:timers/promises';
import type { DriftCheck } from '../contracts/api/fleet.ts';
import type { OperatorOperation } from '../contracts/api/operator.ts';
import { monotonic } from '../runtime/clock.ts';
import { textsOf } from '../texts/texts.ts';
import type { OperatorClient } from './client.ts';
import { operationText } from './print.ts';
import { CommandError } from './settings.ts';

const pollIntervalMs = 500;
/** How long its turn may take to come. */
const turnMs = 60_000;
const over: readonly OperatorOperation['status'][] = ['succeeded', 'failed', 'cancelled', 'needs_operator'];

/**
 * Has a server compared with its stack and waits until that has ended or waits for somebody; where its turn does not come
 * in time, it answers which operation to look for.
 */
export async function checkDrift(api: OperatorClient, instanceId: string): Promise<OperatorOperation | DriftCheck> {
  const check = await api.startDriftCheck(instanceId);
  const until = monotonic() + turnMs;
  for (;;) {
    const operation = await find(api, check.operationId);
    if (operation && over.includes(operation.status)) return operation;
    if (!operation && monotonic() > until) return check;
    await delay(pollIntervalMs);
  }
}

export function driftText(result: OperatorOperation | DriftCheck): string {
  if ('kind' in result) return operationText(result);
  const { operationId } = result;
  return textsOf('en').cli.checkComesLater({ operationId });
}

async function find(api: OperatorClient, operationId: string): Promise<OperatorOperation | null> {
  try {
    return (await api.operation(operationId)).operation;
  } catch (error) {
    if (error instanceof CommandError && error.reason === 'not_found') return null;
    throw error;
  }
}
