import pLimit from 'p-limit';

/** The value below which this share (0 to 1) of the samples lies, nearest rank. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}

export const median = (samples: readonly number[]) => quantile(samples, 0.5);

/** Duration of some work in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** Runs `count` jobs, at most `width` at a time; returns the results in the order of their numbers. */
export async function inParallel<Result>(
  count: number,
  width: number,
  job: (index: number) => Promise<Result>,
): Promise<Result[]> {
  return pLimit(width).map(Array(count).keys(), job);
}
