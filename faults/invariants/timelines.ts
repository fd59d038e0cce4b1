import type { Evidence } from '../evidence.ts';

/** The timeline of every order's instance is numbered 1 to n without gaps, and its customer received all of it. */
export function timelinesAreWhole({ orders, timelines, customers }: Evidence): string[] {
  const violations: string[] = [];
  for (const { id, instanceId } of orders) {
    const sequences = timelines.find((timeline) => timeline.instanceId === instanceId)?.sequences ?? [];
    if (sequences.length === 0) violations.push(`the timeline of ${instanceId} is empty`);
    const gap = firstGap(sequences);
    if (gap !== undefined) violations.push(`the timeline of ${instanceId} has no number ${gap}`);
    const streamed = customers.find(({ orderId }) => orderId === id)?.streamed;
    const missed = streamed && firstGap(streamed);
    if (missed !== undefined)
      violations.push(`the live stream of order ${id} did not tell number ${missed} in its turn`);
  }
  return violations;
}

/** The first number out of sequence. */
function firstGap(sequences: readonly number[]): number | undefined {
  const position = sequences.findIndex((sequence, index) => sequence !== index + 1);
  return position < 0 ? undefined : position + 1;
}
