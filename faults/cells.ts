import { stepNamesOf } from '../src/contracts/operations/operation.ts';
import { provision } from '../src/contracts/operations/provision.ts';
import type { StepName } from '../src/contracts/steps.ts';
import { isPassing, type Victim, victims } from './processes.ts';
import { createRandom } from './random.ts';

/**
 * The kill matrix: each process, at each step of an order, before and after the step's effect. `before`: killed as soon
 * as the timeline shows the step running; `after`: as soon as it shows it succeeded. A process of the Pulumi engine has
 * exited by then, so it is killed as soon as the cloud lists the host, or no longer lists it.
 */
export interface Cell {
  /** `process:step:moment`, with `:cancelled` where the customer cancels at the same moment. */
  name: string;
  victim: Victim;
  step: StepName;
  moment: 'before' | 'after';
  cancelled: boolean;
}

/**
 * Undo steps of an order that is cancelled after its server was built; the customer cancels, then the process is
 * killed.
 */
const undoSteps = [
  'settle-money',
  'send-outcome-mail',
  'revoke-licence',
  'destroy-stack',
  'release-hostname',
] as const satisfies readonly StepName[];
const provisionSteps = stepNamesOf(provision);
export const matrixSteps: readonly StepName[] = [...provisionSteps, ...undoSteps];

/** Processes that are also killed at the moment at which the customer cancels, at every step where they can. */
const cancelledWith = ['api', 'control', 'provision', 'temporal', 'mongo', 'stripe'] as const satisfies Victim[];
const pivot = provisionSteps.indexOf('mark-ready');
/** Steps in which the Pulumi engine runs: only they have a runner, a CLI or a provider. */
const engineSteps: readonly StepName[] = ['stack-up', 'destroy-stack'];

function cell(victim: Victim, step: StepName, moment: Cell['moment'], cancelled = false): Cell {
  return {
    name: [victim, step, moment, ...(cancelled ? ['cancelled'] : [])].join(':'),
    victim,
    step,
    moment,
    cancelled,
  };
}

/** Whether the cell's order is cancelled after its server was built. */
export function isUndone({ step }: Pick<Cell, 'step'>): boolean {
  return (undoSteps as readonly StepName[]).includes(step);
}

/** Every cell, step by step. */
export function allCells(): Cell[] {
  const cells: Cell[] = [];
  for (const step of matrixSteps) {
    for (const victim of victims) {
      if (isPassing(victim) && !engineSteps.includes(step)) continue;
      cells.push(cell(victim, step, 'before'), cell(victim, step, 'after'));
    }
  }
  for (const step of provisionSteps.slice(0, pivot)) {
    for (const victim of cancelledWith) cells.push(cell(victim, step, 'before', true));
  }
  return cells;
}

/** A sample with every process and every step at least once and one cancelled cell, chosen by the seed. */
export function sampleCells(seed: number): Cell[] {
  const random = createRandom(seed);
  const cells = random.shuffled(allCells());
  const chosen: Cell[] = [];
  const take = (next: Cell | undefined) => {
    if (next && !chosen.includes(next)) chosen.push(next);
  };
  const plain = cells.filter(({ cancelled }) => !cancelled);
  // The rarest first: a runner exists in two steps only, so its cell covers one of them too.
  for (const victim of victims.toReversed()) {
    const own = plain.filter((each) => each.victim === victim);
    take(own.find(({ step }) => !chosen.some((each) => each.step === step)) ?? own[0]);
  }
  for (const step of matrixSteps) {
    if (!chosen.some((each) => each.step === step)) take(plain.find((each) => each.step === step));
  }
  take(cells.find(({ cancelled }) => cancelled));
  const order = new Map(allCells().map(({ name }, index) => [name, index]));
  return chosen.sort((one, other) => order.get(one.name)! - order.get(other.name)!);
}

/** The cells with these names, or from one name on, in the matrix's order. Throws RangeError for an unknown name. */
export function chooseCells({ names, from }: { names?: readonly string[]; from?: string }): Cell[] {
  const cells = allCells();
  const known = new Set(cells.map(({ name }) => name));
  for (const name of [...(names ?? []), ...(from === undefined ? [] : [from])]) {
    if (!known.has(name)) throw new RangeError(`there is no cell ${name}`);
  }
  const begin = from === undefined ? 0 : cells.findIndex(({ name }) => name === from);
  return cells.slice(begin).filter(({ name }) => names === undefined || names.includes(name));
}
