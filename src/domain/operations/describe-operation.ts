import { operationOf } from '../../contracts/operations/registry.ts';
import type { ReasonCode } from '../../contracts/reasons.ts';
import type { OperationStatus, StepStatus } from '../../contracts/states.ts';
import { type Decision, decisionsOn, type StepName } from '../../contracts/steps.ts';
import type { InstanceFacts, QueuedOperation } from '../../contracts/workflow-messages.ts';
import { durationWords } from '../../texts/duration-words.ts';
import { textsOf } from '../../texts/texts.ts';
import { decisionEffect } from './decision-effect.ts';
import { describeFacts, statusWords, updateCall } from './describe-facts.ts';
import { nextOn } from './next-on.ts';
import { operationText, stepText } from './operation-texts.ts';

const { reasons: reasonTexts } = textsOf('en');

/** A step as its workflow knows it; times are ms since the epoch, durations ms. */
export interface DescribedStep {
  step: StepName;
  status: StepStatus;
  attempt: number;
  reason?: ReasonCode | undefined;
  /** The failure's own message, for a step that waits for an operator. */
  detail?: string | undefined;
  startedAt?: number | undefined;
  tookMs?: number | undefined;
}

export interface DescribedOperation {
  kind: QueuedOperation['kind'];
  facts: InstanceFacts;
  operationId: string;
  status: OperationStatus;
  steps: readonly DescribedStep[];
  /** When the needs_operator window ends and the operation is undone automatically, in ms since the epoch. */
  windowEndsAt?: number | undefined;
}

/**
 * The state of an operation for Temporal's current details, as short Markdown: its steps, why it is waiting and what an
 * operator can do, with the exact Update calls.
 *
 * At most a few kB whatever the input (Temporal's limit is 20). Ids and reason codes only, no personal data.
 * Deterministic: it reads no clock.
 */
export function describeOperation(operation: DescribedOperation): string {
  const { facts, status } = operation;
  return [
    `### ${facts.hostname}: ${statusWords(status)}`,
    `${describeFacts(facts)}, operation \`${operation.operationId}\``,
    stepTable(operation),
    ...operation.steps.flatMap((step) => whyItWaits(step, operation.kind)),
    ...whatCanBeDone(operation),
  ].join('\n\n');
}

/** Characters of a detail that are shown; the limit of Temporal is for the whole text. */
const longestDetail = 1_000;

/** Between the cells of a table; the Temporal UI adds no space. */
const cellSeparator = '\u2003 | ';

function stepTable({ kind, steps }: DescribedOperation): string {
  const lines = steps.map(({ step, status, attempt, reason, startedAt, tookMs }) => {
    const began = startedAt === undefined ? '' : `since ${clockTime(startedAt)}`;
    const time = tookMs === undefined ? began : durationWords(tookMs);
    const tries = status === 'pending' ? '' : String(attempt);
    const cells = [stepText(step, kind).title, statusWords(status), tries, time, reason ? `\`${reason}\`` : ''];
    return `| ${cells.join(cellSeparator)} |`;
  });
  return ['| Step | Status | Try | Time | Reason |', '|---|---|---|---|---|', ...lines].join('\n');
}

function whyItWaits({ step, status, reason, detail }: DescribedStep, kind: DescribedOperation['kind']): string[] {
  const { title, why } = stepText(step, kind);
  const name = `**${title}**`;
  const because = reason ? ` ${reasonTexts[reason].operator}` : '';
  switch (status) {
    case 'needs_operator':
      return [
        `${name} needs an operator.${because}${reason ? ` ${nextOn(step, reason)}` : ''}`,
        ...(detail ? [codeBlock(detail)] : []),
      ];
    case 'retrying':
      return [`${name} failed and is tried again by itself.${because}`];
    case 'waiting':
      return [`${name} waits. ${why}${because}`];
    case 'failed':
      return [`${name} failed.${because}`];
    case 'running':
    case 'pending':
    case 'succeeded':
    case 'skipped':
    case 'stopped':
      return [];
  }
}

/** Output of other systems, shortened, as it is. */
function codeBlock(text: string): string {
  return `\`\`\`\n${text.replaceAll('`', "'").slice(0, longestDetail)}\n\`\`\``;
}

function whatCanBeDone(operation: DescribedOperation): string[] {
  switch (operation.status) {
    case 'needs_operator':
      return operatorChoices(operation);
    case 'queued':
    case 'running':
      return isPastPivot(operation) ? [] : [cancelChoice(operation)];
    case 'undoing':
      return [
        'It undoes what it did; each step is tried until it succeeds. Fix what the reason names, if one fails.',
        ...operatorChoices(operation),
      ];
    case 'succeeded':
    case 'failed':
    case 'cancelled':
      return [];
  }
}

const updates: Readonly<Record<Decision, string>> = { retry: 'retry-step', skip: 'skip-step', abort: 'abort' };

function operatorChoices(operation: DescribedOperation): string[] {
  const waiting = operation.steps.filter((each) => each.status === 'needs_operator');
  if (waiting.length === 0) return [];
  const lines = waiting.flatMap(({ step, attempt }) => {
    const request = { operationId: operation.operationId, step, attempt, operator: 'YOUR NAME', why: 'WHY' };
    return decisionsOn(step).map(
      (decision) =>
        `- ${decisionEffect(decision, operation.kind)}: ${updateCall(operation.facts, updates[decision], request)}`,
    );
  });
  const end = operation.windowEndsAt;
  const otherwise =
    end === undefined ? '' : ` (if nothing is done, it undoes by itself at ${new Date(end).toISOString()})`;
  return [
    `What can be done, by an Update to \`instance/${operation.facts.instanceId}\`${otherwise}:`,
    lines.join('\n'),
  ];
}

function cancelChoice(operation: DescribedOperation): string {
  const request = { by: 'operator', operationId: operation.operationId };
  return `To cancel it, ${operationText(operation.kind).abort}: ${updateCall(operation.facts, 'cancel-operation', request)}`;
}

/** Nothing is undone after the pivot, and some operations have no undo at all. */
function isPastPivot({ kind, steps }: DescribedOperation): boolean {
  const { pivot } = operationOf(kind);
  return pivot === null || steps.some(({ step, status }) => step === pivot && status === 'succeeded');
}

function clockTime(at: number): string {
  return `${new Date(at).toISOString().slice(11, 19)} UTC`;
}
