import type { TimelineEvent } from '../events.ts';
import { stepNamesOf } from '../operations/operation.ts';
import { orderOperation } from '../operations/registry.ts';
import type { ReasonCode } from '../reasons.ts';
import { type OrderState, operationHasEnded, orderCanBeCancelled, orderHasEnded, type StepStatus } from '../states.ts';
import { isUndoStep, type StepName } from '../steps.ts';
import type { Operation } from './operations.ts';
import type { OrderDetails } from './orders.ts';
import { notRemoved, type Removable } from './removal-facts.ts';

/**
 * The content of a page about an order, as codes and values: no sentence, no markup and no clock of its own. The
 * sentences are in `src/texts/` under these codes. Amounts are minor units of the order's currency.
 */
export interface OrderFacts {
  /** `over`: ended as the customer wanted. */
  tone: 'waiting' | 'working' | 'good' | 'bad' | 'attention' | 'over';
  headline: Headline;
  /** What is still being removed although the order has ended. */
  removing: Removable[];
  /** Completed share, 0 to 100; undefined while it is unknown. */
  percent: number | undefined;
  /** The step to announce: the first one that is neither finished nor pending. */
  current: StepFacts | undefined;
  /** Whether nothing changes any more: the order has ended, and nothing is left to remove. */
  ended: boolean;
  mayCancel: boolean;
  /** Whether the customer has confirmed the payment and the bank has not answered yet. */
  processing: boolean;
  /** While the customer has to pay. */
  payment: PaymentFacts | undefined;
  /** Amount refunded when the order is cancelled now; 0 while no payment is known. */
  cancelReturns: number;
  forward: StepFacts[];
  undo: StepFacts[];
  /** ms since the epoch: start and end of the time that the customer waits for us. */
  builtFrom: number | undefined;
  builtUntil: number | undefined;
  /** How long such servers usually take; `none` while there are too few earlier runs. */
  estimate: Pick<Estimate, 'lowMs' | 'highMs'> | 'none' | undefined;
  /** Whether it takes much longer than usual. */
  late: boolean;
  outcome: OutcomeFacts | undefined;
}

export type Headline =
  | 'awaiting_payment'
  | 'payment_processing'
  | 'confirmation_open'
  | 'payment_refused'
  | 'building'
  | 'needs_operator'
  | 'ready'
  | 'cancelling'
  | 'undoing'
  | 'settling'
  | 'cancelled'
  | 'declined'
  | 'expired'
  | 'failed_refunded';

/** What a customer who has to pay needs to know. */
export interface PaymentFacts {
  /** What the last attempt came to: their bank asks them to confirm it, they did not, or it was declined. */
  attempt: 'none' | 'confirmation_open' | 'confirmation_refused' | 'declined';
  declines: number;
  /** Further declines after which the order ends. */
  triesLeft: number;
  /** Until when the name is held, ms since the epoch; undefined when nobody holds it for this order. */
  heldUntil: number | undefined;
}

export interface StepFacts {
  step: StepName;
  status: StepStatus | 'never';
  /** What to show under the step: why it takes time, or the reason why it does not continue. */
  note: 'why' | ReasonCode | undefined;
  /** ms since the epoch. */
  startedAt: number | undefined;
  tookMs: number | undefined;
  attempt: number;
}

/** After an order has ended without success: what happened, what was charged, who acts next. */
export interface OutcomeFacts {
  happened: ReasonCode | 'step_failed' | 'order_ended';
  money: MoneyFacts;
  next: 'team' | 'undo' | 'removal' | 'by_hand' | 'nobody';
  /** Who has the name: this order until everything is removed, nobody, or somebody else. */
  name: OrderDetails['name']['status'];
}

/**
 * What was charged, and what happened to it; `not_read_yet` until the payment provider has said what was,
 * `owed_by_hand` for what never came through it and is returned by a person.
 */
export interface MoneyFacts {
  code:
    | 'not_read_yet'
    | 'on_its_way'
    | 'nothing_charged'
    | 'charged'
    | 'given_back'
    | 'owed_by_hand'
    | 'going_back'
    | 'partly_back';
  paid: number;
  refunded: number;
}

/** How long the last servers of one cloud and region took, in ms, from the payment on. */
export interface Estimate {
  /** Half of them took a time within these bounds. */
  lowMs: number;
  highMs: number;
  /** Median of each step. */
  steps: Partial<Record<StepName, number>>;
}

type OperationStep = Pick<
  Operation['steps'][number],
  'step' | 'status' | 'attempt' | 'startedAt' | 'endedAt' | 'reason'
>;

type OrderOfFacts = Pick<
  OrderDetails,
  'state' | 'reason' | 'total' | 'paid' | 'refunded' | 'paidOutside' | 'endedAt' | 'declines' | 'triesLeft' | 'name'
>;

/** Relative weight of each step where there are no earlier runs. */
const usualShare: Partial<Record<StepName, number>> = { 'stack-up': 10, 'await-healthy': 6, 'await-activation': 2 };
/** Above this multiple of the usual time, the page says that it takes longer. */
const lateAfter = 1.5;

/** The facts about an order now; `operation` is null until its row exists. */
export function orderFacts({
  order,
  operation,
  events,
  estimate,
  at,
}: {
  order: OrderOfFacts;
  operation: (Pick<Operation, 'status' | 'reason'> & { steps: readonly OperationStep[] }) | null;
  events: readonly TimelineEvent[];
  estimate: Estimate | undefined;
  /** Now, ms since the epoch. */
  at: number;
}): OrderFacts {
  const all = operation?.steps ?? stepNamesOf(orderOperation).map(pendingStep);
  const isForward = ({ step }: OperationStep) => !isUndoStep(step);
  const undoing = isUndoing(order.state);
  const forward = all.filter(isForward).map((step) => stepFacts(step, undoing));
  const undo = all.filter((step) => !isForward(step)).map((step) => stepFacts(step));
  const attention = operation?.status === 'needs_operator';
  const paid = all.find(({ step }) => step === 'await-payment');
  const processing = order.state === 'awaiting_payment' && paid?.reason === 'payment_processing';
  const ready = all.find(({ step }) => step === 'mark-ready');
  const builtFrom = paid?.status === 'succeeded' ? timeOf(paid.endedAt) : undefined;
  const current = [...undo, ...forward].find(
    ({ status }) => !['pending', 'succeeded', 'skipped', 'never', 'stopped'].includes(status),
  );
  const isUndone = operation === null || operationHasEnded(operation.status);
  const removing = orderHasEnded(order.state) && order.state !== 'fulfilled' && !isUndone ? notRemoved(all) : [];
  const payment = order.state === 'awaiting_payment' && !processing ? paymentFacts(order, paid?.reason) : undefined;
  return {
    ...headlineOf(order, { attention, processing, payment }),
    removing,
    percent: undoing ? undefined : percentOf(all.filter(isForward), { order, events, estimate, at }),
    current: orderHasEnded(order.state) && removing.length === 0 ? undefined : current,
    ended: orderHasEnded(order.state) && (order.state === 'fulfilled' || isUndone),
    mayCancel: orderCanBeCancelled(order.state),
    processing,
    payment,
    cancelReturns: order.state === 'awaiting_payment' ? 0 : order.total,
    forward,
    undo,
    builtFrom,
    builtUntil: timeOf(order.state === 'fulfilled' ? ready?.endedAt : order.endedAt),
    estimate:
      order.state !== 'fulfilling' ? undefined : estimate ? { lowMs: estimate.lowMs, highMs: estimate.highMs } : 'none',
    late:
      order.state === 'fulfilling' &&
      estimate !== undefined &&
      builtFrom !== undefined &&
      at - builtFrom > estimate.highMs * lateAfter,
    outcome: outcomeOf(order, {
      attention,
      removing: removing.length > 0,
      why: operation?.reason,
      settled: all.some(
        ({ step, status }) => step === 'settle-money' && (status === 'succeeded' || status === 'skipped'),
      ),
    }),
  };
}

function pendingStep(step: StepName): OperationStep {
  return { step, status: 'pending', attempt: 1 };
}

function timeOf(iso: string | undefined): number | undefined {
  return iso === undefined ? undefined : Date.parse(iso);
}

function isUndoing(state: OrderState): boolean {
  return state !== 'awaiting_payment' && state !== 'fulfilling' && state !== 'fulfilled';
}

function paymentFacts({ declines, triesLeft, name }: OrderOfFacts, reason: ReasonCode | undefined): PaymentFacts {
  const attempt = () => {
    switch (reason) {
      case 'confirmation_open':
      case 'confirmation_refused':
        return reason;
      case 'declined_try_again':
        return 'declined';
      default:
        return declines > 0 ? 'declined' : 'none';
    }
  };
  const heldUntil = name.status === 'held' ? timeOf(name.until) : undefined;
  return { attempt: attempt(), declines, triesLeft, heldUntil };
}

/** A step of any operation; `over`: once its forward steps are being undone, or it has ended. */
export function stepFacts(step: OperationStep, over = false): StepFacts {
  const status = over ? afterwards(step.status) : step.status;
  const startedAt = timeOf(step.startedAt);
  const endedAt = timeOf(step.endedAt);
  return {
    step: step.step,
    status,
    note: noteOf(step, status),
    startedAt,
    tookMs: startedAt !== undefined && endedAt !== undefined ? endedAt - startedAt : undefined,
    attempt: step.attempt,
  };
}

/** A forward step during the undo or after the end: one that had not begun never will, a running one was stopped. */
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
    case 'stopped':
    case 'failed':
      return status;
  }
}

/** The detail of a step is for operators and is never a note. */
function noteOf(step: OperationStep, status: StepFacts['status']): StepFacts['note'] {
  switch (status) {
    case 'running':
      return 'why';
    case 'waiting':
    case 'retrying':
    case 'failed':
    case 'needs_operator':
      return step.reason ?? 'why';
    case 'pending':
    case 'succeeded':
    case 'skipped':
    case 'never':
    case 'stopped':
      return undefined;
  }
}

function headlineOf(
  order: OrderOfFacts,
  { attention, processing, payment }: { attention: boolean; processing: boolean; payment: PaymentFacts | undefined },
): Pick<OrderFacts, 'tone' | 'headline'> {
  switch (order.state) {
    case 'awaiting_payment':
      return { tone: 'waiting', headline: processing ? 'payment_processing' : awaitedHeadline(payment) };
    case 'fulfilling':
      return attention ? { tone: 'attention', headline: 'needs_operator' } : { tone: 'working', headline: 'building' };
    case 'fulfilled':
      return { tone: 'good', headline: 'ready' };
    case 'cancelling':
      return { tone: 'working', headline: order.reason === 'cancelled_by_customer' ? 'cancelling' : 'undoing' };
    case 'settling':
      return { tone: 'working', headline: 'settling' };
    case 'cancelled':
      return { tone: order.reason === 'cancelled_by_customer' ? 'over' : 'bad', headline: order.state };
    case 'declined':
    case 'expired':
    case 'failed_refunded':
      return { tone: 'bad', headline: order.state };
  }
}

function awaitedHeadline(payment: PaymentFacts | undefined): Headline {
  switch (payment?.attempt) {
    case 'confirmation_open':
      return 'confirmation_open';
    case 'confirmation_refused':
    case 'declined':
      return 'payment_refused';
    case 'none':
    case undefined:
      return 'awaiting_payment';
  }
}

function outcomeOf(
  order: OrderOfFacts,
  facts: { attention: boolean; removing: boolean; why: ReasonCode | undefined; settled: boolean },
): OutcomeFacts | undefined {
  const { attention, removing, why, settled } = facts;
  const { status: name } = order.name;
  const money = moneyFacts(order, settled);
  if (attention && order.state === 'fulfilling') return { happened: why ?? 'step_failed', money, next: 'team', name };
  if (!isUndoing(order.state)) return undefined;
  const next = () => {
    if (!orderHasEnded(order.state)) return 'undo';
    if (removing) return 'removal';
    // A refund of an ended order has failed and is repeated.
    return money.code === 'given_back' || money.code === 'nothing_charged' ? 'nobody' : 'by_hand';
  };
  return { happened: order.reason ?? 'order_ended', money, next: next(), name };
}

function moneyFacts({ state, paid, refunded, paidOutside = 0 }: OrderOfFacts, settled: boolean): MoneyFacts {
  const code = () => {
    // Until it is settled, a payment may have arrived that was not read.
    if (paid === 0 && state === 'cancelling' && !settled) return 'not_read_yet';
    if (paid === 0 && state === 'settling') return 'on_its_way';
    if (paid === 0) return 'nothing_charged';
    if (refunded >= paid) return 'given_back';
    if (state === 'fulfilled' || state === 'fulfilling') return 'charged';
    if (orderHasEnded(state) && paid - refunded <= paidOutside) return 'owed_by_hand';
    return refunded > 0 ? 'partly_back' : 'going_back';
  };
  return { code: code(), paid, refunded };
}

function percentOf(
  steps: readonly OperationStep[],
  facts: { order: OrderOfFacts; events: readonly TimelineEvent[]; estimate: Estimate | undefined; at: number },
): number {
  if (facts.order.state === 'fulfilled') return 100;
  let whole = 0;
  let done = 0;
  for (const step of steps) {
    // Steps after ready, and the time that the customer takes, are not part of the build.
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

/** Share of a running step: as reported, or estimated from the usual time, always below 1. */
function partDone(
  step: OperationStep,
  usualMs: number | undefined,
  { events, at }: { events: readonly TimelineEvent[]; at: number },
): number {
  const last = events.findLast(
    (event) => event.type === 'step' && event.step === step.step && event.progress !== undefined,
  );
  if (last?.type === 'step' && last.progress !== undefined) return last.progress;
  const startedAt = timeOf(step.startedAt);
  if (!usualMs || startedAt === undefined) return 0;
  return Math.min(0.9, (at - startedAt) / usualMs);
}
