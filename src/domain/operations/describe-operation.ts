import type { ReasonCode } from '../../contracts/reasons.ts';
import type { InstanceStatus, OperationKind, OperationStatus, StepStatus } from '../../contracts/states.ts';
import { type Decision, decisionsOn, type StepName, steps as texts } from '../../contracts/steps.ts';
import { type InstanceFacts, operationWorkflowId, type QueuedOperation } from '../../contracts/workflow-messages.ts';
import { durationWords } from '../../texts/duration-words.ts';
import { textsOf } from '../../texts/texts.ts';
import { nextOn } from './next-on.ts';

const { reasons: reasonTexts } = textsOf('en');

/** A step as its workflow knows it; times are ms since the epoch, durations ms. */
export interface DescribedStep {
  step: StepName;
  status: StepStatus;
  attempt: number;
  reason?: ReasonCode | undefined;
  startedAt?: number | undefined;
  tookMs?: number | undefined;
}

export interface DescribedOperation {
  kind: OperationKind;
  facts: InstanceFacts;
  operationId: string;
  status: OperationStatus;
  steps: readonly DescribedStep[];
  /** When the window of needs_operator ends and the operation undoes by itself, in ms since the epoch. */
  windowEndsAt?: number | undefined;
}

/** Temporal takes 200 bytes of summary. */
const summaryLimit = 200;
const shownInQueue = 20;

/**
 * One plain line that tells an operator what a workflow is about, for Temporal's static summary: at most 200 bytes,
 * no personal data. `instance` is the entity itself.
 */
export function operationSummary({ facts, kind }: { facts: InstanceFacts; kind: OperationKind | 'instance' }): string {
  const line = `${kind} ${facts.hostname} (${facts.plan}, ${facts.cloud} ${facts.region}, ${facts.orderId})`;
  return line.slice(0, summaryLimit);
}

/**
 * The state of an operation as short Markdown, for Temporal's current details: its steps, why it waits and what an
 * operator can do, with the exact Update calls.
 *
 * At most a few kB whatever the input (Temporal takes 20), ids and reason codes only, no personal data. It reads no
 * clock and is the same at replay.
 */
export function describeOperation(operation: DescribedOperation): string {
  const { facts, status } = operation;
  return [
    `### ${facts.hostname}: ${words(status)}`,
    `${place(facts)}, operation \`${operation.operationId}\``,
    stepTable(operation.steps),
    ...operation.steps.flatMap(whyItWaits),
    ...whatCanBeDone(operation),
  ].join('\n\n');
}

/**
 * The state of an instance's entity as short Markdown, for Temporal's current details: what runs, what waits, where to
 * look. Bounded, deterministic and free of personal data like `describeOperation`.
 */
export function describeInstance({
  facts,
  status,
  running,
  stopped = false,
  queue,
}: {
  facts: InstanceFacts;
  status: InstanceStatus;
  running: QueuedOperation | null;
  /** Whether the workflow of the running operation ended without a result. */
  stopped?: boolean;
  queue: readonly QueuedOperation[];
}): string {
  const now =
    stopped && running
      ? whatStopped(facts, running)
      : running
        ? `Runs **${running.kind}** in \`${operationWorkflowId(facts.instanceId, running.operationId)}\`: its details say ` +
          'which step it is at, why it waits and what can be done. Updates go to this workflow, which forwards them.'
        : 'No operation runs; it waits for the next Update.';
  const waiting = queue.slice(0, shownInQueue).map(({ kind, operationId }) => `${kind} \`${operationId}\``);
  const more = queue.length > shownInQueue ? ` and ${queue.length - shownInQueue} more` : '';
  return [
    `### ${facts.hostname}: ${words(status)}`,
    place(facts),
    now,
    ...(waiting.length > 0 ? [`Next: ${waiting.join(', ')}${more}`] : []),
  ].join('\n\n');
}

function whatStopped(facts: InstanceFacts, { kind, operationId }: QueuedOperation): string {
  const decision = { operationId, step: 'mark-ready', attempt: 1, operator: 'YOUR NAME', why: 'WHY' };
  const call = (name: string) => updateCall({ facts }, name, decision);
  return [
    `**${kind}** (\`${operationWorkflowId(facts.instanceId, operationId)}\`) was terminated or failed: it did not ` +
      'undo anything. What it made is known, so that it can be run again from its beginning:',
    `- run it again: ${call('retry-step')}\n- undo everything and give the money back: ${call('abort')}`,
  ].join('\n\n');
}

function place(facts: InstanceFacts): string {
  const ids = `instance \`${facts.instanceId}\`, order \`${facts.orderId}\`, account \`${facts.accountId}\``;
  return `${facts.plan} on ${facts.cloud} ${facts.region}, ${ids}`;
}

/** Between the cells of a table, which the Temporal UI shows without any space of its own. */
const gap = '\u2003 | ';

function stepTable(rows: readonly DescribedStep[]): string {
  const lines = rows.map(({ step, status, attempt, reason, startedAt, tookMs }) => {
    const began = startedAt === undefined ? '' : `since ${clockTime(startedAt)}`;
    const time = tookMs === undefined ? began : durationWords(tookMs);
    const tries = status === 'pending' ? '' : String(attempt);
    const cells = [texts[step].title, words(status), tries, time, reason ? `\`${reason}\`` : ''];
    return `| ${cells.join(gap)} |`;
  });
  return ['| Step | Status | Try | Time | Reason |', '|---|---|---|---|---|', ...lines].join('\n');
}

function whyItWaits({ step, status, reason }: DescribedStep): string[] {
  const name = `**${texts[step].title}**`;
  const because = reason ? ` ${reasonTexts[reason].operator}` : '';
  switch (status) {
    case 'needs_operator':
      return [`${name} needs an operator.${because}${reason ? ` ${nextOn(step, reason)}` : ''}`];
    case 'retrying':
      return [`${name} failed and is tried again by itself.${because}`];
    case 'waiting':
      return [`${name} waits. ${texts[step].why}${because}`];
    case 'failed':
      return [`${name} failed.${because}`];
    case 'running':
    case 'pending':
    case 'succeeded':
    case 'skipped':
      return [];
  }
}

function whatCanBeDone(operation: DescribedOperation): string[] {
  switch (operation.status) {
    case 'needs_operator':
      return operatorChoices(operation);
    case 'queued':
    case 'running':
      return isDelivered(operation) ? [] : [cancelChoice(operation)];
    case 'undoing':
      return [
        'It undoes what it did; each step is tried until it succeeds. Mend what the reason names, if one fails.',
        ...operatorChoices(operation),
      ];
    case 'succeeded':
    case 'failed':
    case 'cancelled':
      return [];
  }
}

const choices: Readonly<Record<Decision, { what: string; update: string }>> = {
  retry: { what: 'try again', update: 'retry-step' },
  skip: { what: 'go on without it', update: 'skip-step' },
  abort: { what: 'undo everything and give the money back', update: 'abort' },
};

function operatorChoices(operation: DescribedOperation): string[] {
  const waiting = operation.steps.filter((each) => each.status === 'needs_operator');
  if (waiting.length === 0) return [];
  const lines = waiting.flatMap(({ step, attempt }) => {
    const request = { operationId: operation.operationId, step, attempt, operator: 'YOUR NAME', why: 'WHY' };
    return decisionsOn(step).map((decision) => {
      const { update } = choices[decision];
      const what =
        decision === 'abort' && !undoes(operation) ? 'end it and leave the server as it is' : choices[decision].what;
      return `- ${what}: ${updateCall(operation, update, request)}`;
    });
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
  return `To cancel it, undo everything and give the money back: ${updateCall(operation, 'cancel-operation', request)}`;
}

function updateCall({ facts }: { facts: InstanceFacts }, name: string, input: object): string {
  const target = `--workflow-id instance/${facts.instanceId} --name ${name}`;
  return `\`temporal workflow update execute ${target} --input '${JSON.stringify(input)}'\``;
}

/** Past the pivot nothing is undone any more. */
function isDelivered({ kind, steps }: DescribedOperation): boolean {
  return kind !== 'provision' || steps.some(({ step, status }) => step === 'mark-ready' && status === 'succeeded');
}

/** Whether its abort takes something back. */
function undoes({ kind }: DescribedOperation): boolean {
  return kind === 'provision';
}

function words(status: InstanceStatus | OperationStatus | StepStatus): string {
  return status.replaceAll('_', ' ');
}

function clockTime(at: number): string {
  return `${new Date(at).toISOString().slice(11, 19)} UTC`;
}
