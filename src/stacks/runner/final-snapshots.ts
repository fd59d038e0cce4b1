import { setTimeout as delay } from 'node:timers/promises';
import { ReasonError } from '../../contracts/reasons.ts';
import { judgeFinals } from '../../domain/fleet/snapshots.ts';
import { monotonic } from '../../runtime/clock.ts';
import type { DataVolume } from '../private-server.ts';
import type { StackContext } from './stack-context.ts';

/** How long one attempt waits for snapshots, ms; the next one continues with the same. */
const timeoutMs = 30 * 60_000;

/**
 * Takes a snapshot of each data volume, of those in the state and those with the tag of the instance, and waits until
 * all are complete. Snapshots of an earlier attempt count. Throws `snapshot_failed`; the next attempt retries the
 * failed ones.
 */
export async function takeFinalSnapshots(
  context: StackContext,
  known: readonly DataVolume[],
  { keepUntil }: { keepUntil: string },
): Promise<void> {
  const { cloud, reporter, signal } = context;
  const { instanceId, region } = context.request.spec;
  reporter.phase('snapshot');
  const volumes = await dataVolumes(context, known);
  const snapshots = cloud.snapshots(process.env);
  const desired = { instanceId, region, purpose: 'final', keepUntil } as const;
  const requested = new Set<string>();
  const gone = new Set<string>();
  const startedAt = monotonic();
  try {
    for (;;) {
      signal.throwIfAborted();
      const listed = await snapshots.list({ instanceId, region });
      const there = volumes.filter(({ id }) => !gone.has(id));
      const { make, pending, failed } = judgeFinals(there, listed);
      if (failed.length > 0) {
        const ids = failed.map(({ id }) => id);
        for (const snapshot of listed) if (ids.includes(snapshot.id)) await snapshots.remove(snapshot);
        throw new ReasonError('snapshot_failed', `the cloud failed to make ${ids.join(', ')}`);
      }
      for (const volume of make) {
        // A snapshot that was just started may be missing from lists.
        if (requested.has(volume.id)) continue;
        reporter.log('info', `takes the final snapshot of ${volume.resource} (${volume.id}), kept until ${keepUntil}`);
        if (await snapshots.make(volume, desired)) {
          requested.add(volume.id);
          continue;
        }
        // "Not found" may also refer to the snapshot's destination.
        if ((await dataVolumes(context, [])).some(({ id }) => id.toLowerCase() === volume.id.toLowerCase())) {
          throw new ReasonError(
            'snapshot_failed',
            `the cloud lists ${volume.id}, but does not find it for the snapshot`,
          );
        }
        gone.add(volume.id);
      }
      const waiting = [...make.filter(({ id }) => !gone.has(id)), ...pending];
      if (waiting.length === 0) return;
      if (monotonic() - startedAt > timeoutMs) {
        const names = waiting.map(({ resource }) => resource).join(', ');
        throw new ReasonError('snapshot_failed', `the snapshots of ${names} are not complete yet`);
      }
      await delay(snapshots.pauseMs, undefined, { signal });
    }
  } finally {
    snapshots.close();
  }
}

/** By id, whatever its source: a volume that lost its tag has the same data. */
async function dataVolumes({ cloud, request }: StackContext, known: readonly DataVolume[]): Promise<DataVolume[]> {
  const inventory = cloud.inventory(process.env);
  try {
    const tagged = (await inventory.list(request.spec)).filter(({ role }) => role === 'volume');
    return [...new Map([...tagged, ...known].map(({ id, resource }) => [id.toLowerCase(), { id, resource }])).values()];
  } finally {
    inventory.close();
  }
}
