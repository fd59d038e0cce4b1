import type { TimelineEvent } from '../../contracts/events.ts';
import { stepNamesOf } from '../../contracts/operations/operation.ts';
import { orderOperation } from '../../contracts/operations/registry.ts';
import { type OrderState, orderHasEnded } from '../../contracts/states.ts';
import type { StepName } from '../../contracts/steps.ts';
import { stepText } from '../../domain/operations/operation-texts.ts';
import { textsOf } from '../../texts/texts.ts';
import type { Row, Section } from '../terminal.ts';

const { reasons: reasonTexts } = textsOf('en');

/** What an order came to, as its event stream told it. */
export interface Outcome {
  state: OrderState;
  reason: string | undefined;
  /** Milliseconds of every step that ended, in the order of their ends. */
  took: { step: StepName; ms: number; how: 'succeeded' | 'skipped' | 'failed' }[];
}

/** How long each step usually takes, for the bar. */
const weights: Partial<Record<StepName, number>> = {
  'hold-hostname': 1,
  'create-subscription': 5,
  'await-payment': 5,
  'issue-licence': 3,
  'stack-up': 50,
  'await-healthy': 14,
  'await-activation': 6,
  'mark-ready': 2,
  'send-mail': 4,
};
const orderSteps = stepNamesOf(orderOperation);
const whole = orderSteps.reduce((sum, step) => sum + (weights[step] ?? 1), 0);

/**
 * Shows an order's timeline as rows and a bar and resolves when the order and its operation have ended. `onEvent` gets
 * every event and may act on it.
 */
export async function followOrder(options: {
  events: AsyncIterable<TimelineEvent>;
  section: Section;
  onEvent?: (event: TimelineEvent) => void;
}): Promise<Outcome> {
  const { section, onEvent = () => {} } = options;
  const rows = new Map<StepName, Row>(orderSteps.map((step) => [step, section.row(stepText(step).title)]));
  const outcome: Outcome = { state: 'awaiting_payment', reason: undefined, took: [] };
  const fractions = new Map<StepName, number>();
  let undoing = false;
  let operationEnded = false;

  const rowOf = (step: StepName): Row => {
    const known = rows.get(step);
    if (known) return known;
    if (!undoing) section.divider('Undo');
    undoing = true;
    const row = section.row(stepText(step).title);
    rows.set(step, row);
    return row;
  };
  const showBar = () => {
    if (undoing) return;
    let done = 0;
    for (const step of orderSteps) done += (weights[step] ?? 1) * (fractions.get(step) ?? 0);
    section.bar(done / whole);
  };

  for await (const event of options.events) {
    if (event.type === 'order') {
      outcome.state = event.state;
      if (event.reason) outcome.reason = event.reason;
    } else if (event.type === 'operation') {
      operationEnded = event.status === 'succeeded' || event.status === 'failed' || event.status === 'cancelled';
    } else if (event.type === 'step') {
      showStep(event);
    } else if (event.type === 'log') {
      rowOf(event.step).update({ note: event.text });
    }
    showBar();
    onEvent(event);
    if (operationEnded && orderHasEnded(outcome.state)) return outcome;
  }
  throw new Error('the event stream ended before the order did');

  function showStep({ step, status, attempt, tookMs, reason, detail, progress }: TimelineEvent & { type: 'step' }) {
    const row = rowOf(step);
    const sentence = reason && reasonTexts[reason].customer;
    const why = status === 'waiting' ? sentence : (detail ?? sentence);
    const again = attempt > 1 ? `try ${attempt}` : undefined;
    if (status === 'succeeded' || status === 'skipped' || status === 'failed') {
      fractions.set(step, 1);
      outcome.took.push({ step, ms: tookMs ?? 0, how: status });
      row.end(status === 'succeeded' ? 'done' : status, why ?? again, tookMs);
      return;
    }
    if (status === 'pending') return;
    if (!fractions.has(step)) row.start();
    fractions.set(step, Math.max(fractions.get(step) ?? 0, progress ?? 0));
    const note = status === 'needs_operator' ? `waits for an operator: ${why ?? ''}` : (why ?? again);
    row.update({ note, fraction: progress });
  }
}
