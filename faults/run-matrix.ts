import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { OrderState } from '../src/contracts/states.ts';
import { createOutside } from '../src/embedded/demo/outside.ts';
import { type Bought, cancelOrder, placeOrder, visitCheckout } from './buyer.ts';
import { type Cell, isUndone } from './cells.ts';
import { extentOf } from './evidence.ts';
import type { Violation } from './invariants/all.ts';
import { isPassing } from './processes.ts';
import { clock } from './run-campaign.ts';
import type { PlannedOrder } from './schedule.ts';
import { openTestbed, type RunLimits, type Testbed } from './testbed.ts';

export interface MatrixOptions {
  cells: Cell[];
  /** Cells that run at once; a kill then also affects the orders of its neighbours. */
  width: number;
  say: (line: string) => void;
}

export interface CellResult {
  cell: string;
  orderId: string;
  ok: boolean;
  /** How the order ended, or what went wrong. */
  ended: OrderState | 'unsettled';
  tookMs: number;
  problems: string[];
}

export interface MatrixSummary {
  ok: boolean;
  cells: CellResult[];
  violations: Violation[];
  tookMs: number;
  /** The command that runs the failed cells again, one by one. */
  repeat: string | null;
}

const limits: RunLimits = { awaitPaymentMs: 300_000, operatorWindowMs: 60_000, stepMs: 300_000 };
/** Cells on one platform; after them it is checked as a whole and a new one is started. */
const batchSize = 24;
const settleLimitMs = 480_000;
const quietLimitMs = 120_000;
/**
 * A cancel may come too late on a fast machine, and a neighbour's cell may have the process down at this moment; then
 * the cell is retried.
 */
const triesToMeet = 3;

/**
 * Runs cell after cell, without an operator: every order has to continue by itself. Prints each with its result and
 * checks every batch from outside.
 */
export async function runMatrix({ cells, width, say }: MatrixOptions): Promise<MatrixSummary> {
  const began = performance.now();
  const tell = (line: string) => say(`${clock(performance.now() - began)}  ${line}`);
  const results: CellResult[] = [];
  const violations: Violation[] = [];
  say(`${cells.length} cells, ${width} at a time, ${batchSize} on one platform`);
  for (let first = 0; first < cells.length; first += batchSize) {
    const batch = cells.slice(first, first + batchSize);
    const exitMessage = `continue with: npm run faults -- --matrix --from ${batch[0]!.name}`;
    const testbed = await openTestbed({ limits, say: tell, exitMessage, operator: false, proxy: false });
    const bought: (Bought & { settled: boolean })[] = [];
    try {
      const run = async (cell: Cell) => {
        const result = await runCell(testbed, cell, bought);
        results.push(result);
        const { orderId, ok, ended, tookMs, problems } = result;
        const number = `${results.length}/${cells.length}`;
        const seconds = `${(tookMs / 1_000).toFixed(0)} s`;
        tell(`${ok ? 'ok  ' : 'FAIL'} ${number.padStart(7)}  ${cell.name.padEnd(44)} ${ended}, ${seconds}, ${orderId}`);
        for (const problem of problems) tell(`       ${problem}`);
      };
      const slots = pLimit(width);
      // Cells that kill the same process run one after the other.
      const byVictim = [...Map.groupBy(batch, ({ victim }) => victim).values()];
      await Promise.all(byVictim.map((alike) => pLimit(1).map(alike, (cell) => slots(run, cell))));
      await testbed.untilIdle(quietLimitMs);
      const { evidence, violations: found } = await testbed.collect(bought);
      tell(`checked from outside: ${extentOf(evidence)}`);
      found.push(...(await testbed.end()));
      for (const { invariant, what } of found) tell(`VIOLATION ${invariant}: ${what}`);
      tell(`cells ${batch[0]!.name} to ${batch.at(-1)!.name} checked from outside: ${found.length} violations`);
      violations.push(...found);
    } catch (error) {
      await testbed.end();
      tell(`stopped; ${exitMessage}`);
      throw error;
    }
  }
  const failed = results.filter(({ ok }) => !ok).map(({ cell }) => cell);
  return {
    ok: failed.length === 0 && violations.length === 0,
    ...{ cells: results, violations, tookMs: performance.now() - began },
    repeat: failed.length > 0 ? `npm run faults -- --matrix --width 1 --cells ${failed.join(',')}` : null,
  };
}

const smallestOrder: PlannedOrder = {
  ...{ number: 1, plan: 'MAKER', cycle: 'monthly', users: 0 },
  ...{ card: 'pays', hesitatesMs: 0, cancel: null },
};

async function runCell(testbed: Testbed, cell: Cell, bought: (Bought & { settled: boolean })[]): Promise<CellResult> {
  const began = performance.now();
  const problems: string[] = [];
  let ended: CellResult['ended'] = 'unsettled';
  let orderId = '';
  const expected = endsOf(cell);
  for (let attempt = 1; attempt <= triesToMeet; attempt += 1) {
    const order = { ...(await placeOrder(testbed.shop, smallestOrder)), settled: false };
    bought.push(order);
    orderId = order.order.id;
    const outcome = await live(testbed, cell, order);
    ended = outcome.ended;
    order.settled = ended !== 'unsettled';
    // Not a failure of the product, but not this cell either.
    const cancelTooLate = isUndone(cell) && ended === 'fulfilled';
    const nothingStruck = !outcome.struck && expected.includes(ended);
    if ((cancelTooLate || nothingStruck) && attempt < triesToMeet) continue;
    problems.push(...outcome.problems);
    if (!expected.includes(ended)) {
      problems.push(`it ended ${ended}, not ${expected.join(' or ')}`, ...waitsOf(order));
    }
    break;
  }
  return { cell: cell.name, orderId, ok: problems.length === 0, ended, tookMs: performance.now() - began, problems };
}

/** The steps at which an order waited for an operator, and why; there is no operator. */
function waitsOf({ followed }: Bought): string[] {
  return followed.events.flatMap((event) =>
    event.type === 'step' && event.status === 'needs_operator'
      ? `${event.step} (attempt ${event.attempt}) waited for an operator: ${event.reason}`
      : [],
  );
}

/** The allowed final states of a cell's order. */
function endsOf(cell: Cell): readonly CellResult['ended'][] {
  if (isUndone(cell)) return ['cancelled'];
  return cell.cancelled ? ['cancelled', 'fulfilled'] : ['fulfilled'];
}

/** How long a host's create takes in cells that kill the engine after its effect, ms: long enough to be observed. */
const slowCreateMs = 1_500;

/** Resolves when the cloud has the host of an instance, or no longer has it; false if the order ended first. */
async function untilEffect({ platform }: Testbed, { step }: Cell, { order, followed }: Bought): Promise<boolean> {
  const { cloudObjects } = createOutside(platform);
  const isThere = step === 'stack-up';
  let over = false;
  const end = () => {
    over = true;
  };
  followed.ended.then(end, end);
  while (!over) {
    try {
      const objects = await cloudObjects(order.instanceId);
      if (objects.some((object) => object.startsWith('hosts ')) === isThere) return true;
    } catch {
      // The cloud is down because of a neighbour's cell.
    }
    await delay(20);
  }
  return false;
}

/** One order, during which the cell's process is killed at the cell's moment. */
async function live(testbed: Testbed, cell: Cell, order: Bought) {
  const { shop, striker } = testbed;
  const { followed } = order;
  const problems: string[] = [];
  let struck = false;
  const byEffect = cell.moment === 'after' && isPassing(cell.victim);
  const status = cell.moment === 'before' || byEffect ? 'running' : 'succeeded';
  const isNow = async () => {
    if (byEffect && cell.step === 'stack-up') await striker.slowCreates(slowCreateMs);
    if (!(await followed.reached({ step: cell.step, status, afterMs: 0 }))) return false;
    return byEffect ? untilEffect(testbed, cell, order) : true;
  };
  const inject = async () => {
    if (!(await isNow())) {
      if (!isUndone(cell)) problems.push(`the order ended without ${cell.step} ${status}`);
      return;
    }
    struck = await striker.kill(cell.victim, order.order.instanceId);
    if (byEffect) await striker.slowCreates(0);
    if (!struck) problems.push(`there was no ${cell.victim} to kill`);
    if (cell.cancelled) await cancelOrder(shop, order);
  };
  const cancel = async () => {
    if (!isUndone(cell)) return;
    if (await followed.reached({ step: 'await-healthy', status: 'running', afterMs: 0 }))
      await cancelOrder(shop, order);
  };
  const acts = Promise.all([visitCheckout(shop, order), inject(), cancel()]);
  // Reported below, after the end of the order.
  acts.catch(() => undefined);
  const state = await Promise.race([followed.ended, delay(settleLimitMs, 'unsettled' as const, { ref: false })]);
  if (state !== 'unsettled') await acts;
  return { ended: state, struck, problems };
}
