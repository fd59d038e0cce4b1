import type { Double } from './double.ts';
import { valuesAt } from './paths.ts';
import type { DoubleObject, TypeRule, World } from './rule-table.ts';

/**
 * Snapshots of volumes in every emulated cloud. A snapshot is complete after it was read twice, and until then its
 * volume cannot be deleted: stricter than some of the clouds, so that callers that do not wait are detected.
 */
const readsUntilComplete = 2;

const isComplete = ({ computed }: DoubleObject) => Number(computed.reads) >= readsUntilComplete;

/** The rule of a cloud's snapshots; `source` is the path of the input that names the volume. */
export function snapshotRule(volumeType: string, source: string, more: Omit<TypeRule, 'references'>): TypeRule {
  return {
    ...more,
    references: { [source]: { type: volumeType, onDelete: 'stays' } },
    computed: (desired, world, before) => ({
      ...more.computed?.(desired, world, before),
      reads: Number(before.reads ?? -1) + 1,
    }),
  };
}

/** The snapshot of a volume in progress, if there is one. */
export function pendingSnapshot(world: World, about: { type: string; source: string; volumeId: string }) {
  return world
    .list(about.type)
    .find((each) => !isComplete(each) && valuesAt(each.inputs, about.source).includes(about.volumeId));
}

/** Reads a snapshot: whether it is complete now. */
export function readSnapshot({ area }: Double, snapshot: DoubleObject): boolean {
  return isComplete(isComplete(snapshot) ? snapshot : area.change(snapshot.type, snapshot.id, snapshot.inputs));
}
