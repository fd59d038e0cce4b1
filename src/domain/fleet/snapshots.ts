/**
 * The rules of the snapshots that we make of data volumes, beside those that clouds make by schedules of the stacks. They
 * outlive what they were made of. Pure. Days are UTC, `YYYY-MM-DD`; times are ms since the epoch.
 */

/** `final`: made right before a server that was once ready is destroyed; `daily`: where a cloud has no schedule of its own. */
export const snapshotPurposes = ['final', 'daily'] as const;
export type SnapshotPurpose = (typeof snapshotPurposes)[number];

/** How long daily snapshots are kept, on every cloud, days. */
export const dailySnapshotDays = 14;

const dayMs = 86_400_000;

export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** The last day of a snapshot that is made now and kept for so many days. */
export function lastDayOf(at: number, days: number): string {
  return dayOf(at + days * dayMs);
}

export interface SnapshotFacts {
  id: string;
  purpose: SnapshotPurpose;
  /** Case does not count: Azure spells its ids differently from call to call. */
  volumeId: string;
  keepUntil: string;
  createdAt: number;
  state: 'pending' | 'complete' | 'failed';
}

/** Whether the last day of a snapshot is over. */
export function isOverdue({ keepUntil }: Pick<SnapshotFacts, 'keepUntil'>, at: number): boolean {
  return keepUntil < dayOf(at);
}

const isOf = (volumeId: string) => (snapshot: SnapshotFacts) =>
  snapshot.volumeId.toLowerCase() === volumeId.toLowerCase();

/**
 * What a destroy leaves of a server: a snapshot of each data volume when it was once ready, because then it has the data
 * of a customer; nothing of what was never delivered.
 */
export function finalSnapshotOf(
  { readyAt }: { readyAt?: Date | undefined },
  { at, days }: { at: number; days: number },
): { keepUntil: string } | null {
  return readyAt === undefined ? null : { keepUntil: lastDayOf(at, days) };
}

/** What one look at final snapshots says of the volumes that need one. */
export interface FinalLook<Volume> {
  /** Have none. */
  make: Volume[];
  /** Have one that is being made. */
  pending: Volume[];
  /** Failed, and of a volume that has no better one. */
  failed: SnapshotFacts[];
}

/** Where the final snapshots of volumes are; a volume that has a complete one is in none of the lists. */
export function judgeFinals<Volume extends { id: string }>(
  volumes: readonly Volume[],
  snapshots: readonly SnapshotFacts[],
): FinalLook<Volume> {
  const look: FinalLook<Volume> = { make: [], pending: [], failed: [] };
  for (const volume of volumes) {
    const mine = snapshots.filter((each) => each.purpose === 'final' && isOf(volume.id)(each));
    if (mine.some(({ state }) => state === 'complete')) continue;
    if (mine.some(({ state }) => state === 'pending')) look.pending.push(volume);
    else if (mine.length > 0) look.failed.push(...mine);
    else look.make.push(volume);
  }
  return look;
}

/** Volumes that have no daily snapshot of this day yet; one that failed counts as none. */
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
