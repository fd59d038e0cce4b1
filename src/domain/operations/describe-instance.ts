import { operationOf } from '../../contracts/operations/registry.ts';
import type { InstanceStatus } from '../../contracts/states.ts';
import { type InstanceFacts, operationWorkflowId, type QueuedOperation } from '../../contracts/workflow-messages.ts';
import { describeFacts, statusWords, updateCall } from './describe-facts.ts';
import { operationText } from './operation-texts.ts';

type NamedOperation = Pick<QueuedOperation, 'operationId' | 'kind'>;

/** Temporal's limit for a summary, bytes. */
const summaryLimit = 200;
const shownInQueue = 20;

/**
 * One plain line about a workflow for Temporal's static summary: at most 200 bytes, no personal data. `instance` is the
 * entity itself.
 */
export function operationSummary({
  facts,
  kind,
}: {
  facts: InstanceFacts;
  kind: QueuedOperation['kind'] | 'instance';
}): string {
  const line = `${kind} ${facts.hostname} (${facts.plan}, ${facts.cloud} ${facts.region}, ${facts.orderId})`;
  return line.slice(0, summaryLimit);
}

/**
 * The state of an instance's entity for Temporal's current details, as short Markdown: what runs, what is queued,
 * links. At most a few kB whatever the input (Temporal's limit is 20), deterministic, without personal data.
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
  running: NamedOperation | null;
  /** Whether the running operation's workflow closed without a result. */
  stopped?: boolean;
  queue: readonly NamedOperation[];
}): string {
  const now =
    stopped && running
      ? describeStopped(facts, running)
      : running
        ? `Runs **${running.kind}** in \`${operationWorkflowId(facts.instanceId, running.operationId)}\`: its details say ` +
          'which step it is at, why it waits and what can be done. Updates go to this workflow, which forwards them.'
        : 'No operation runs; it waits for the next Update.';
  const waiting = queue.slice(0, shownInQueue).map(({ kind, operationId }) => `${kind} \`${operationId}\``);
  const more = queue.length > shownInQueue ? ` and ${queue.length - shownInQueue} more` : '';
  return [
    `### ${facts.hostname}: ${statusWords(status)}`,
    describeFacts(facts),
    now,
    ...(waiting.length > 0 ? [`Next: ${waiting.join(', ')}${more}`] : []),
  ].join('\n\n');
}

function describeStopped(facts: InstanceFacts, { kind, operationId }: NamedOperation): string {
  // Any step before the pivot may be named, because none is waiting.
  const step = operationOf(kind).steps[0]?.name;
  const decision = { operationId, step, attempt: 1, operator: 'YOUR NAME', why: 'WHY' };
  const call = (name: string) => updateCall(facts, name, decision);
  return [
    `**${kind}** (\`${operationWorkflowId(facts.instanceId, operationId)}\`) was terminated or failed: it did not ` +
      'undo anything. What it made is known, so that it can be run again from its beginning:',
    `- run it again: ${call('retry-step')}\n- ${operationText(kind).abort}: ${call('abort')}`,
  ].join('\n\n');
}
