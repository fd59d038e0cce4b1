import { stepNamesOf } from '../src/contracts/operations/operation.ts';
import { provision } from '../src/contracts/operations/provision.ts';
import type { StepName } from '../src/contracts/steps.ts';
import { type ClockName, clocks } from '../src/embedded/processes.ts';
import { isPassing, type SupervisedName, supervised, type Victim, victims } from './processes.ts';
import { createRandom, type Random } from './random.ts';

/**
 * A campaign's schedule, decided before it begins: orders, and faults that strike when a certain order reaches a
 * certain step. Pure: the same numbers give the same schedule.
 */
export interface Schedule {
  orders: PlannedOrder[];
  faults: PlannedFault[];
}

export const cardBehaviours = [
  'pays',
  'declined-then-pays',
  'declined-gives-up',
  'declined-too-often',
  'pays-late',
  'bank-approves',
  'bank-abandoned',
] as const;
/** What the customer does at the checkout. `bank-…`: their bank requires 3-D Secure. */
export type CardBehaviour = (typeof cardBehaviours)[number];

export interface PlannedOrder {
  /** From 1. */
  number: number;
  plan: 'MAKER' | 'GROW' | 'STARTUP' | 'BUSINESS';
  cycle: 'monthly' | 'yearly';
  users: number;
  card: CardBehaviour;
  /**
   * How long the customer waits at the checkout first, ms; for one who pays late: before (negative) or after the
   * deadline.
   */
  hesitatesMs: number;
  cancel: Moment | null;
}

/** A moment of an order: `afterMs` after its timeline shows that status of that step. */
export interface Moment {
  step: StepName;
  status: 'running' | 'succeeded';
  afterMs: number;
}

export const webhookFaults = ['drop', 'duplicate', 'reorder', 'delay'] as const;
export type CloudCall =
  | 'createHost'
  | 'createVolume'
  | 'createAddress'
  | 'createRecord'
  | 'deleteHost'
  | 'deleteVolume';

export type Fault =
  /** kill -9; the supervisor restarts it. */
  | { kind: 'kill'; victim: Victim }
  /** Connections stay open, nothing answers (SIGSTOP, then SIGCONT). */
  | { kind: 'freeze'; victim: SupervisedName; forMs: number }
  /** Stopped in order and restarted later: connections are refused meanwhile. */
  | { kind: 'away'; victim: SupervisedName; forMs: number }
  /** The wall clock of our own processes is wrong, for one kind of process or for all. */
  | { kind: 'clock'; whose: ClockName | 'all'; byMs: number; forMs: number }
  /** A forged webhook, not from Stripe, claims that this order is paid. */
  | { kind: 'forge' }
  | { kind: 'stripe'; status: 429 | 500; commit: 'before' | 'after'; method: 'POST' | 'GET' | 'DELETE'; times: number }
  | { kind: 'webhooks'; how: (typeof webhookFaults)[number]; forMs: number }
  | { kind: 'smtp'; code: 451 | 550; times: number }
  | { kind: 'cloud'; call: CloudCall; how: 'fail' | 'quota' | 'lose-reply' | 'never-healthy' };

export interface PlannedFault {
  /** From 1, in the order in which they are listed. */
  number: number;
  /** Number of the order whose step is meant. */
  order: number;
  at: Moment;
  fault: Fault;
}

const hourMs = 3_600_000;
const provisionSteps = stepNamesOf(provision);
const unsettled = provisionSteps.filter((step) => step !== 'send-mail');

/** How many faults strike per 100 orders. */
const faultsPerHundred = 120;

/** The schedule of `orders` orders with `seed`. */
export function makeSchedule({ orders, seed }: { orders: number; seed: number }): Schedule {
  const random = createRandom(seed);
  const planned = Array.from({ length: orders }, (_, index) => planOrder(random, index + 1));
  const count = Math.ceil((orders * faultsPerHundred) / 100);
  // Each process is killed if the campaign is long enough: they take turns, each round in a different order.
  const dying: Victim[] = [];
  const faults = Array.from({ length: count }, (_, index) => {
    const fault = random.chance(0.55) ? nextKill(random, dying) : otherFault(random);
    const order = 1 + Math.floor((index * orders) / count);
    return { number: index + 1, order, at: momentOf(random, fault), fault };
  });
  return { orders: planned, faults };
}

function planOrder(random: Random, number: number): PlannedOrder {
  const card = random.weighted<CardBehaviour>([
    [58, 'pays'],
    [10, 'declined-then-pays'],
    [9, 'bank-approves'],
    [6, 'declined-too-often'],
    [5, 'declined-gives-up'],
    [6, 'pays-late'],
    [6, 'bank-abandoned'],
  ]);
  const plan = random.weighted<PlannedOrder['plan']>([
    [4, 'MAKER'],
    [3, 'GROW'],
    [2, 'STARTUP'],
    [1, 'BUSINESS'],
  ]);
  return {
    number,
    plan,
    cycle: random.chance(0.7) ? 'monthly' : 'yearly',
    // The smallest plan has no additional users.
    users: plan !== 'MAKER' && random.chance(0.4) ? random.between(1, 5) : 0,
    card,
    hesitatesMs: card === 'pays-late' ? random.between(-4_000, 4_000) : random.between(0, 1_500),
    cancel: random.chance(0.25) ? anyMoment(random, unsettled) : null,
  };
}

function anyMoment(random: Random, steps: readonly StepName[]): Moment {
  const status = random.chance(0.6) ? 'running' : 'succeeded';
  return { step: random.pick(steps), status, afterMs: random.between(0, 1_200) };
}

function nextKill(random: Random, dying: Victim[]): Fault {
  if (dying.length === 0) dying.push(...random.shuffled(victims));
  return { kind: 'kill', victim: dying.pop()! };
}

function otherFault(random: Random): Fault {
  switch (
    random.weighted([
      [18, 'stripe'],
      [16, 'webhooks'],
      [14, 'smtp'],
      [14, 'cloud'],
      [12, 'freeze'],
      [8, 'away'],
      [12, 'clock'],
      [8, 'forge'],
    ] as const)
  ) {
    case 'stripe':
      return {
        kind: 'stripe',
        status: random.chance(0.4) ? 429 : 500,
        commit: random.pick(['before', 'after']),
        method: random.weighted([
          [6, 'POST'],
          [2, 'GET'],
          [2, 'DELETE'],
        ] as const),
        times: random.between(1, 4),
      };
    case 'webhooks':
      return { kind: 'webhooks', how: random.pick(webhookFaults), forMs: random.between(3, 15) * 1_000 };
    case 'smtp':
      return random.chance(0.7)
        ? { kind: 'smtp', code: 451, times: random.between(1, 3) }
        : { kind: 'smtp', code: 550, times: 1 };
    case 'cloud':
      return random.weighted<Fault>([
        [3, { kind: 'cloud', call: 'createHost', how: 'lose-reply' }],
        [3, { kind: 'cloud', call: 'createVolume', how: 'lose-reply' }],
        [2, { kind: 'cloud', call: 'createAddress', how: 'lose-reply' }],
        [2, { kind: 'cloud', call: 'createRecord', how: 'lose-reply' }],
        [2, { kind: 'cloud', call: 'createHost', how: 'fail' }],
        [2, { kind: 'cloud', call: 'createHost', how: 'quota' }],
        [2, { kind: 'cloud', call: 'deleteHost', how: 'fail' }],
        [1, { kind: 'cloud', call: 'deleteVolume', how: 'fail' }],
        [1, { kind: 'cloud', call: 'createHost', how: 'never-healthy' }],
      ]);
    case 'freeze':
      return {
        kind: 'freeze',
        victim: random.pick(['api', 'licence', 'temporal', 'mongo', 'stripe', 'mailbox', 'cloud'] as const),
        forMs: random.between(2, 8) * 1_000,
      };
    case 'away':
      // Not the cloud: its hosts depend on it, and it goes down only with them.
      return {
        kind: 'away',
        victim: random.pick(supervised.filter((name) => name !== 'cloud')),
        forMs: random.between(3, 12) * 1_000,
      };
    case 'clock':
      return {
        kind: 'clock',
        whose: random.chance(0.5) ? 'all' : random.pick(clocks),
        byMs: random.chance(0.5) ? hourMs : -hourMs,
        forMs: random.between(3, 20) * 1_000,
      };
    case 'forge':
      return { kind: 'forge' };
  }
}

/**
 * Where a fault has most effect: processes that exist only while a stack is built are killed there, mail fails where
 * mail is sent.
 */
function momentOf(random: Random, fault: Fault): Moment {
  if (fault.kind === 'kill' && isPassing(fault.victim)) {
    return { step: 'stack-up', status: 'running', afterMs: random.between(0, 3_000) };
  }
  if (fault.kind === 'cloud') return { step: 'issue-licence', status: 'running', afterMs: 0 };
  if (fault.kind === 'smtp') return { step: 'await-healthy', status: 'running', afterMs: 0 };
  if (fault.kind === 'webhooks') return anyMoment(random, ['hold-hostname', 'create-subscription', 'stack-up']);
  return anyMoment(random, provisionSteps);
}
