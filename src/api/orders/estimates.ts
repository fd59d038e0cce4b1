import type { Estimate } from '../../contracts/api/order-facts.ts';
import { orderOperation } from '../../contracts/operations/registry.ts';
import type { CloudName } from '../../contracts/stack.ts';
import type { StepName } from '../../contracts/steps.ts';
import { monotonic } from '../../runtime/clock.ts';
import type { OperationRecord } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';

export interface Estimates {
  /** Undefined until enough servers have been built there. */
  of(location: { cloud: CloudName; region: string }): Promise<Estimate | undefined>;
}

const runsRead = 20;
const runsNeeded = 3;
const freshMs = 60_000;

/** Estimates from the latest runs, read at most once a minute per cloud and region. */
export function createEstimates(store: Pick<Store, 'instances' | 'operations'>): Estimates {
  const known = new Map<string, { at: number; estimate: Promise<Estimate | undefined> }>();

  async function read(cloud: CloudName, region: string): Promise<Estimate | undefined> {
    const instances = await store.instances.list({ cloud, region, status: 'ready' }, runsRead);
    const runs = await Promise.all(
      instances.map(async ({ _id }) => {
        const operations = await store.operations.list({ instanceId: _id, status: 'succeeded' }, 10);
        return operations.find(({ kind }) => kind === orderOperation.kind);
      }),
    );
    return estimateFrom(runs.filter((run) => run !== undefined));
  }

  return {
    async of({ cloud, region }) {
      const key = `${cloud}/${region}`;
      const last = known.get(key);
      if (last && monotonic() - last.at < freshMs) return last.estimate;
      const estimate = read(cloud, region);
      known.set(key, { at: monotonic(), estimate });
      return estimate;
    },
  };
}

/** The estimate from finished runs; undefined when there are too few. */
export function estimateFrom(runs: readonly Pick<OperationRecord, 'steps'>[]): Estimate | undefined {
  const totals: number[] = [];
  const perStep = new Map<StepName, number[]>();
  for (const { steps } of runs) {
    const paidAt = steps.find(({ step }) => step === 'await-payment')?.endedAt;
    const readyAt = steps.find(({ step }) => step === 'mark-ready')?.endedAt;
    // Ignores runs during which a clock was set back.
    if (paidAt && readyAt && readyAt >= paidAt) totals.push(readyAt.getTime() - paidAt.getTime());
    for (const { step, startedAt, endedAt } of steps) {
      if (!startedAt || !endedAt || endedAt < startedAt) continue;
      perStep.set(step, [...(perStep.get(step) ?? []), endedAt.getTime() - startedAt.getTime()]);
    }
  }
  if (totals.length < runsNeeded) return undefined;
  const steps = Object.fromEntries([...perStep].map(([step, times]) => [step, share(times, 0.5)]));
  return { lowMs: share(totals, 0.25), highMs: share(totals, 0.75), steps };
}

function share(values: readonly number[], at: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] as number;
}
