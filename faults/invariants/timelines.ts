import type { Evidence } from '../evidence.ts';

/** The timeline of every order's instance is numbered 1 to n without a gap, and its customer received all of it. */
export function checkTimelines({ orders, timelines, customers }: Evidence): string[] {
  const violations: string[] = [];
  for (const { id, instanceId } of orders) {
    const sequences = timelines.find((timeline) => timeline.instanceId === instanceId)?.sequences ?? [];
    if (sequences.length === 0) violations.push(`the timeline of ${instanceId} is empty`);
    const missingNumber = firstMissing(sequences);
    if (missingNumber !== undefined) violations.push(`the timeline of ${instanceId} has no number ${missingNumber}`);
    const streamed = customers.find(({ orderId }) => orderId === id)?.streamed;
    const missed = streamed && firstMissing(streamed);
    if (missed !== undefined)
      violations.push(`the live stream of order ${id} did not deliver number ${missed} in order`);
  }
  return violations;
}

/** The first number that is missing or out of order. */
function firstMissing(sequences: readonly number[]): number | undefined {
  const place = sequences.findIndex((sequence, index) => sequence !== index + 1);
  return place < 0 ? undefined : place + 1;
}
