/**
 * The rules of the snapshots that we make of data volumes, in addition to the clouds' own schedules in the stacks. They
 * outlive their volumes. Pure. Days are UTC, `YYYY-MM-DD`; times are ms since the epoch.
 */

/** `final`: made right before a delivered server is destroyed; `daily`: where the cloud has no schedule of its own. */
export const snapshotPurposes = ['final', 'daily'] as const;
export type SnapshotPurpose = (typeof snapshotPurposes)[number];

/** How long daily snapshots are kept, on every cloud, days. */
export const dailySnapshotDays = 14;

const dayMs = 86_400_000;

export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** The last day of a snapshot made now and kept for this many days. */
export function lastDayOf(at: number, days: number): string {
  return dayOf(at + days * dayMs);
}

export interface SnapshotFacts {
  id: string;
  purpose: SnapshotPurpose;
  /** Compared without case: Azure changes the case of its ids between calls. */
  volumeId: string;
  keepUntil: string;
  createdAt: number;
  state: 'pending' | 'complete' | 'failed';
}

/** Whether a snapshot is past its last day. */
export function isOverdue({ keepUntil }: Pick<SnapshotFacts, 'keepUntil'>, at: number): boolean {
  return keepUntil < dayOf(at);
}

const isOf = (volumeId: string) => (snapshot: SnapshotFacts) =>
  snapshot.volumeId.toLowerCase() === volumeId.toLowerCase();

/**
 * The final snapshots of a server to be destroyed: one per data volume if it was ever ready, because it then holds a
 * customer's data; none if it was never delivered.
 */
export function finalSnapshotOf(
  { readyAt }: { readyAt?: Date | undefined },
  { at, days }: { at: number; days: number },
): { keepUntil: string } | null {
  return readyAt === undefined ? null : { keepUntil: lastDayOf(at, days) };
}

/** The state of the final snapshots of the volumes that need one. */
export interface FinalSnapshots<Volume> {
  /** Have none. */
  make: Volume[];
  /** Have one that is being made. */
  pending: Volume[];
  /** Failed, for a volume without a better one. */
  failed: SnapshotFacts[];
}

/** Sorts volumes by the state of their final snapshot; a volume with a complete one is in none of the lists. */
export function judgeFinals<Volume extends { id: string }>(
  volumes: readonly Volume[],
  snapshots: readonly SnapshotFacts[],
): FinalSnapshots<Volume> {
  const finals: FinalSnapshots<Volume> = { make: [], pending: [], failed: [] };
  for (const volume of volumes) {
    const mine = snapshots.filter((each) => each.purpose === 'final' && isOf(volume.id)(each));
    if (mine.some(({ state }) => state === 'complete')) continue;
    if (mine.some(({ state }) => state === 'pending')) finals.pending.push(volume);
    else if (mine.length > 0) finals.failed.push(...mine);
    else finals.make.push(volume);
  }
  return finals;
}

/** Volumes without a daily snapshot of this day; a failed one does not count. */
export function volumesWithoutDaily<Volume extends { id: string }>(
  volumes: readonly Volume[],
  snapshots: readonly SnapshotFacts[],
  at: number,
): Volume[] {
  const todays = snapshots.filter(
    ({ purpose, createdAt, state }) => purpose === 'daily' && state !== 'failed' && dayOf(createdAt) === dayOf(at),
  );
  return volumes.filter(({ id }) => !todays.some(isOf(id)));
}
