import type { TimelineEvent } from '../../contracts/events.ts';
import { stepNamesOf } from '../../contracts/operations/operation.ts';
import { provision } from '../../contracts/operations/provision.ts';
import type { OperationKind } from '../../contracts/operations/registry.ts';
import { type ReasonCode, reasons } from '../../contracts/reasons.ts';
import { type OrderState, orderCanBeCancelled, orderHasEnded, type StepStatus } from '../../contracts/states.ts';
import { isUndoStep, type StepName } from '../../contracts/steps.ts';
import { formatMoney } from '../../domain/billing/money.ts';
import { stepText } from '../../domain/operations/operation-texts.ts';
import type { OperationRecord, OperationStep, OrderRecord } from '../../store/records.ts';
import type { Estimate } from '../orders/estimates.ts';
import { stepsOf } from '../views/operation-view.ts';

/** What the live page says, worked out from the records; no HTML and no clock of its own. */
export interface OrderFacts {
  tone: 'waiting' | 'working' | 'good' | 'bad' | 'attention';
  title: string;
  /** One sentence on what is going on. */
  lead: string;
  /** Share that is done, 0 to 100; undefined while it cannot be told. */
  percent: number | undefined;
  /** Sentence for the live region. */
  announcement: string;
  ended: boolean;
  mayCancel: boolean;
  /** What a cancel does to the money. */
  cancelMoney: string;
  forward: StepFacts[];
  undo: StepFacts[];
  /** ms since the epoch: since when the customer waits for us, and until when he did. */
  builtFrom: number | undefined;
  builtUntil: number | undefined;
  /** How long such servers usually take, in words. */
  estimate: string | undefined;
  /** Said when it takes much longer than usual. */
  late: boolean;
  outcome: OutcomeFacts | undefined;
}

export interface StepFacts {
  step: StepName;
  title: string;
  status: StepStatus | 'never' | 'stopped';
  /** Status in words, for those who do not see the icon. */
  words: string;
  note: string;
  startedAt: number | undefined;
  tookMs: number | undefined;
  attempt: number;
}

/** After an order has ended otherwise than well: what happened, what was charged, who acts next. */
export interface OutcomeFacts {
  happened: string;
  money: string;
  next: string;
}

const statusWords: Record<StepFacts['status'], string> = {
  pending: 'not begun',
  running: 'running',
  waiting: 'waiting',
  retrying: 'trying again',
  needs_operator: 'looked after by our team',
  succeeded: 'done',
  skipped: 'skipped',
  failed: 'failed',
  never: 'not needed',
  stopped: 'stopped',
};

/** How much of the whole each step counts, where no earlier runs tell; in parts. */
const usualShare: Partial<Record<StepName, number>> = { 'stack-up': 10, 'await-healthy': 6, 'await-activation': 2 };
/** Over this many times the usual, the page says that it takes longer. */
const lateAfter = 1.5;

export function orderFacts({
  order,
  operation,
  events,
  estimate,
  at,
}: {
  order: OrderRecord;
  operation: OperationRecord | null;
  events: readonly TimelineEvent[];
  estimate: Estimate | undefined;
  /** Now, ms since the epoch. */
  at: number;
}): OrderFacts {
  const all = operation ? stepsOf(operation) : stepNamesOf(provision).map(pendingStep);
  const isForward = ({ step }: OperationStep) => !isUndoStep(step);
  const undoing = isUndoing(order.state);
  const forward = all.filter(isForward).map((step) => stepFacts(step, provision.kind, undoing));
  const undo = all.filter((step) => !isForward(step)).map((step) => stepFacts(step, provision.kind));
  const attention = operation?.status === 'needs_operator';
  const paid = all.find(({ step }) => step === 'await-payment');
  const ready = all.find(({ step }) => step === 'mark-ready');
  const builtFrom = paid?.status === 'succeeded' ? paid.endedAt?.getTime() : undefined;
  const builtUntil = order.state === 'fulfilled' ? ready?.endedAt?.getTime() : order.endedAt?.getTime();
  const headline = headlineOf(order, attention);
  const current = [...undo, ...forward].find(
    ({ status }) => !['pending', 'succeeded', 'skipped', 'never', 'stopped'].includes(status),
  );
  return {
    ...headline,
    percent: undoing ? undefined : percentOf(all.filter(isForward), { order, events, estimate, at }),
    announcement:
      current && !orderHasEnded(order.state)
        ? `${headline.title}. ${current.title}: ${current.words}.`
        : `${headline.title}.`,
    ended: orderHasEnded(order.state),
    mayCancel: orderCanBeCancelled(order.state),
    cancelMoney:
      order.state === 'awaiting_payment'
        ? 'Nothing has been charged.'
        : `${money(order, order.quote.total)} goes back to your card in full.`,
    forward,
    undo,
    builtFrom,
    builtUntil,
    estimate:
      order.state !== 'fulfilling'
        ? undefined
        : estimate
          ? `usually ${rangeWords(estimate.lowMs, estimate.highMs)}`
          : 'no estimate yet: too few were built here',
    late:
      order.state === 'fulfilling' &&
      estimate !== undefined &&
      builtFrom !== undefined &&
      at - builtFrom > estimate.highMs * lateAfter,
    outcome: outcomeOf(order, attention, operation?.reason),
  };
}

function pendingStep(step: StepName): OperationStep {
  return { step, status: 'pending', attempt: 1 };
}

function isUndoing(state: OrderState): boolean {
  return state !== 'awaiting_payment' && state !== 'fulfilling' && state !== 'fulfilled';
}

/** A step of an operation; `undoing`: while its forward steps are being taken back. */
export function stepFacts(step: OperationStep, kind: OperationKind, undoing = false): StepFacts {
  const status = undoing ? afterwards(step.status) : step.status;
  const startedAt = step.startedAt?.getTime();
  const endedAt = step.endedAt?.getTime();
  const { title, why } = stepText(step.step, kind);
  return {
    step: step.step,
    title,
    status,
    words: statusWords[status],
    note: noteOf(step, status, why),
    startedAt,
    tookMs: startedAt !== undefined && endedAt !== undefined ? endedAt - startedAt : undefined,
    attempt: step.attempt,
  };
}

/** A forward step while everything is taken back: what had not begun never will, what ran was stopped. */
function afterwards(status: StepStatus): StepFacts['status'] {
  switch (status) {
    case 'pending':
      return 'never';
    case 'running':
    case 'waiting':
    case 'retrying':
    case 'needs_operator':
      return 'stopped';
    case 'succeeded':
    case 'skipped':
    case 'failed':
      return status;
  }
}

/** Why the step takes its time, or the reason in the customer's words; details are for operators. */
function noteOf(step: OperationStep, status: StepFacts['status'], why: string): string {
  switch (status) {
    case 'running':
      return why;
    case 'waiting':
    case 'retrying':
    case 'failed':
    case 'needs_operator':
      return step.reason ? reasons[step.reason].customer : why;
    case 'pending':
    case 'succeeded':
    case 'skipped':
    case 'never':
    case 'stopped':
      return '';
  }
}

function headlineOf(order: OrderRecord, attention: boolean): Pick<OrderFacts, 'tone' | 'title' | 'lead'> {
  const customerCancelled = order.reason === 'cancelled_by_customer';
  switch (order.state) {
    case 'awaiting_payment':
      return {
        tone: 'waiting',
        title: 'Waiting for your payment',
        lead: 'Nothing is built and nothing is charged before it. Your name is held meanwhile.',
      };
    case 'fulfilling':
      return attention
        ? {
            tone: 'attention',
            title: 'A step needs our team',
            lead: 'We have been told and look after it. You need not do anything.',
          }
        : {
            tone: 'working',
            title: 'Building your server',
            lead: 'You can close this page; we will mail you when the server is ready.',
          };
    case 'fulfilled':
      return { tone: 'good', title: 'Your server is ready', lead: 'It belongs to nobody else.' };
    case 'cancelling':
      return {
        tone: 'working',
        title: customerCancelled ? 'Cancelling your order' : 'Taking everything back',
        lead: 'What was built is being removed and what you paid goes back. Neither waits for the other.',
      };
    case 'settling':
      return {
        tone: 'working',
        title: 'Your money is on its way back',
        lead: 'A payment is still under way at your bank; it goes back as soon as it arrives.',
      };
    case 'cancelled':
      return { tone: 'bad', title: 'This order was cancelled', lead: 'Nothing is left of it.' };
    case 'declined':
      return { tone: 'bad', title: 'The payment was declined', lead: 'This order has ended.' };
    case 'expired':
      return { tone: 'bad', title: 'The payment did not come', lead: 'This order has ended.' };
    case 'failed_refunded':
      return { tone: 'bad', title: 'We could not deliver this server', lead: 'We are sorry. This order has ended.' };
  }
}

function outcomeOf(order: OrderRecord, attention: boolean, why: ReasonCode | undefined): OutcomeFacts | undefined {
  if (attention && order.state === 'fulfilling') {
    return {
      happened: why ? reasons[why].customer : 'A step did not end as it should.',
      money: moneySentence(order),
      next: 'We do. If it cannot be mended soon, everything is taken back and your money returned without a request.',
    };
  }
  if (!isUndoing(order.state)) return undefined;
  const happened = order.reason ? reasons[order.reason].customer : 'The order ended.';
  const next = orderHasEnded(order.state)
    ? 'Nobody has to. The name is free again; you may place a new order at any time.'
    : 'We do; it goes on by itself. You need not do anything.';
  return { happened, money: moneySentence(order), next };
}

function money(order: OrderRecord, amount: number): string {
  return formatMoney(amount, order.quote.currency);
}

/** What was charged and what went back. */
function moneySentence(order: OrderRecord): string {
  if (order.paid === 0) return 'Nothing was charged.';
  const paid = money(order, order.paid);
  if (order.refunded >= order.paid)
    return `${paid} was charged and has been given back in full. Banks show it within 5 to 10 days.`;
  if (order.state === 'fulfilled' || order.state === 'fulfilling') return `${paid} was charged.`;
  const back = order.refunded > 0 ? `, ${money(order, order.refunded)} of it is back already` : '';
  return `${paid} was charged and is being given back in full${back}.`;
}

function percentOf(
  steps: readonly OperationStep[],
  facts: { order: OrderRecord; events: readonly TimelineEvent[]; estimate: Estimate | undefined; at: number },
): number {
  if (facts.order.state === 'fulfilled') return 100;
  let whole = 0;
  let done = 0;
  for (const step of steps) {
    // What comes after ready, and the customer's own time, are no part of the build.
    if (step.step === 'send-mail') continue;
    const usualMs = facts.estimate?.steps[step.step];
    const weight =
      step.step === 'await-payment' ? 1 : usualMs ? Math.max(0.2, usualMs / 1_000) : (usualShare[step.step] ?? 1);
    whole += weight;
    if (step.status === 'succeeded' || step.status === 'skipped') done += weight;
    else if (step.status !== 'pending' && step.step !== 'await-payment')
      done += weight * partDone(step, usualMs, facts);
  }
  return Math.min(99, Math.floor((100 * done) / whole));
}

/** Share of a running step: as it tells, or by the usual time, never quite the whole. */
function partDone(
  step: OperationStep,
  usualMs: number | undefined,
  { events, at }: { events: readonly TimelineEvent[]; at: number },
): number {
  const told = events.findLast(
    (event) => event.type === 'step' && event.step === step.step && event.progress !== undefined,
  );
  if (told?.type === 'step' && told.progress !== undefined) return told.progress;
  if (!usualMs || !step.startedAt) return 0;
  return Math.min(0.9, (at - step.startedAt.getTime()) / usualMs);
}

function rangeWords(lowMs: number, highMs: number): string {
  const minutes = (ms: number) => Math.max(1, Math.round(ms / 60_000));
  if (highMs < 90_000) {
    const [low, high] = [Math.max(1, Math.round(lowMs / 1_000)), Math.max(1, Math.round(highMs / 1_000))];
    return low === high ? `about ${high} seconds` : `${low} to ${high} seconds`;
  }
  const [low, high] = [minutes(lowMs), minutes(highMs)];
  return low === high ? `about ${high} minutes` : `${low} to ${high} minutes`;
}

/** A duration as the page shows it: `0.4 s`, `12 s`, `3 min 05 s`. */
export function durationWords(ms: number): string {
  if (ms < 10_000) return `${(Math.max(0, ms) / 1_000).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
