import { setTimeout as delay } from 'node:timers/promises';
import type { OperatorOperation } from '../contracts/api/operator.ts';
import { operationHasEnded } from '../contracts/states.ts';
import { textsOf } from '../texts/texts.ts';
import type { OperatorClient } from './client.ts';

const { stepChange, stepChangeWhy } = textsOf('en').cli;
const pollIntervalMs = 500;

/**
 * Follows an operation until it has ended or waits for an operator, and reports each change of a step since `from` in
 * one line. `decided`: the step and attempt about which an operator has just decided; as long as it still waits there,
 * the decision has not been carried out.
 */
export async function followOperation(
  api: OperatorClient,
  from: OperatorOperation,
  { decided, report }: { decided?: { step: string; attempt: number }; report(line: string): void },
): Promise<OperatorOperation> {
  let seen = linesOf(from);
  for (;;) {
    const { operation } = await api.operation(from.id);
    const lines = linesOf(operation);
    for (const [step, line] of lines) if (seen.get(step) !== line) report(line);
    seen = lines;
    const { status, waiting } = operation;
    const isOld = waiting?.step === decided?.step && waiting?.attempt === decided?.attempt;
    if (operationHasEnded(status) || (waiting && !isOld)) return operation;
    await delay(pollIntervalMs);
  }
}

function linesOf({ steps }: OperatorOperation): Map<string, string> {
  const begun = steps.filter(({ status }) => status !== 'pending');
  return new Map(
    begun.map(({ step, status, attempt, reason }) => [
      step,
      reason ? stepChangeWhy({ step, status, attempt, reason }) : stepChange({ step, status, attempt }),
    ]),
  );
}
