import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { OrderState } from '../src/contracts/states.ts';
import { type Bought, cancelOrder, placeOrder, type Shop, visitCheckout } from './buyer.ts';
import { faultText, momentText, orderText } from './describe-schedule.ts';
import { extentOf, fulfilled } from './evidence.ts';
import type { Violation } from './invariants/all.ts';
import { makeSchedule, type PlannedFault, type PlannedOrder } from './schedule.ts';
import { openTestbed, type RunLimits } from './testbed.ts';

export interface CampaignOptions {
  orders: number;
  seed: number;
  /** Orders that run at once. */
  width: number;
  /** Whether its customers reach the api through a reverse proxy. */
  proxy: boolean;
  say: (line: string) => void;
}

export interface CampaignSummary {
  ok: boolean;
  orders: number;
  seed: number;
  width: number;
  /** How many orders ended in each state. */
  states: Partial<Record<OrderState | 'unsettled', number>>;
  counts: {
    fulfilled: number;
    chargesKept: number;
    hostsAnswering: number;
    activeLicences: number;
    readyMails: number;
  };
  /** By kind, how many faults struck and how many found no target. */
  faults: { struck: Record<string, number>; missed: number };
  violations: Violation[];
  tookMs: number;
  repeat: string;
}

const limits: RunLimits = { awaitPaymentMs: 40_000, operatorWindowMs: 20_000, stepMs: 75_000 };
/** How long one order may take to end, ms. */
const settleLimitMs = 480_000;
const quietLimitMs = 120_000;

/** Runs the campaign of this seed on a separate platform and checks the result. */
export async function runCampaign({ orders, seed, width, proxy, say }: CampaignOptions): Promise<CampaignSummary> {
  const began = performance.now();
  const tell = (line: string) => say(`${clock(performance.now() - began)}  ${line}`);
  const options = [...(width === defaultWidth ? [] : [`--width ${width}`]), ...(proxy ? ['--proxy'] : [])];
  const repeat = [`npm run faults -- --orders ${orders} --seed ${seed}`, ...options].join(' ');
  const schedule = makeSchedule({ orders, seed });
  say(`campaign of ${orders} orders, seed ${seed}, ${width} at a time, ${schedule.faults.length} faults`);
  say('schedule:');
  for (const planned of schedule.orders) {
    say(`  order ${planned.number}: ${orderText(planned)}`);
    for (const fault of schedule.faults.filter(({ order }) => order === planned.number)) {
      say(`    fault ${fault.number} at ${momentText(fault.at)}: ${faultText(fault)}`);
    }
  }
  const testbed = await openTestbed({ limits, proxy, say: tell, exitMessage: `again: ${repeat}`, operator: true });
  const struck: Record<string, number> = {};
  let missed = 0;
  const bought: (Bought & { settled: boolean })[] = [];
  try {
    tell('the platform is up');
    let done = 0;
    await pLimit(width).map(schedule.orders, async (planned) => {
      await live(planned);
      done += 1;
    });
    tell('every order has ended or timed out; ending the faults');
    await testbed.striker.endFaults();
    await testbed.untilIdle(quietLimitMs);
    const { evidence, violations } = await testbed.collect(bought);
    tell(`checked from outside: ${extentOf(evidence)}`);
    violations.push(...(await testbed.end()));
    const delivered = fulfilled(evidence);
    const ids = new Set(delivered.map(({ id }) => id));
    const states: CampaignSummary['states'] = {};
    for (const { state } of evidence.orders) states[state] = (states[state] ?? 0) + 1;
    return {
      ok: violations.length === 0,
      ...{ orders, seed, width, states },
      counts: {
        fulfilled: delivered.length,
        chargesKept: evidence.stripe.charges.filter(({ amount, refunded }) => amount > refunded).length,
        hostsAnswering: evidence.answering.length,
        activeLicences: evidence.licences.filter(({ usable }) => usable).length,
        readyMails: new Set(
          evidence.mails
            .map(({ messageId }) => messageId)
            .filter((id) => /-ready@/.test(id) && ids.has(id.slice(1).split('-')[0]!)),
        ).size,
      },
      faults: { struck, missed },
      ...{ violations, tookMs: performance.now() - began, repeat },
    };

    async function live(planned: PlannedOrder): Promise<void> {
      const shop = testbed.shopOf(planned.number);
      const order = { ...(await placeOrder(shop, planned)), settled: false };
      bought.push(order);
      const { followed } = order;
      const began = performance.now();
      tell(`order ${planned.number}: placed as ${order.order.id}`);
      const own = schedule.faults
        .filter((fault) => fault.order === planned.number)
        .map((fault) => inject(order, fault));
      const acts = Promise.all([
        visitCheckout(shop, order),
        ...(planned.cancel ? [cancel(shop, order, planned.cancel)] : []),
        ...own,
      ]);
      // Reported below, after the end of the order.
      acts.catch(() => undefined);
      const late = delay(settleLimitMs, 'late' as const, { ref: false });
      const state = await Promise.race([followed.ended, late]);
      order.settled = state !== 'late';
      if (state !== 'late') await acts;
      const how = state === 'late' ? `has not ended (${followed.state})` : state;
      const seconds = ((performance.now() - began) / 1_000).toFixed(0);
      tell(`order ${planned.number}: ${how} after ${seconds} s, ${done + 1} of ${orders}`);
    }

    async function cancel(shop: Shop, order: Bought, moment: NonNullable<PlannedOrder['cancel']>): Promise<void> {
      if (!(await order.followed.reached(moment))) return;
      tell(`order ${order.planned.number}: cancel: ${await cancelOrder(shop, order)}`);
    }

    async function inject({ followed, order }: Bought, fault: PlannedFault): Promise<void> {
      const inTime = await followed.reached(fault.at);
      const what = await testbed.striker.inject(fault.fault, order.id);
      const name = fault.fault.kind === 'kill' ? `kill ${fault.fault.victim}` : fault.fault.kind;
      if (/^(no|was) /.test(what)) missed += 1;
      else struck[name] = (struck[name] ?? 0) + 1;
      tell(`fault ${fault.number}: ${faultText(fault)}: ${what}${inTime ? '' : ', after the end of its order'}`);
    }
  } catch (error) {
    await testbed.end();
    throw error;
  }
}

export const defaultWidth = 4;

export function clock(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}
