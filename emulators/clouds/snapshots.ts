import type { Double } from './double.ts';
import { valuesAt } from './paths.ts';
import type { DoubleObject, TypeRule, World } from './rule-table.ts';

/**
 * Snapshots of volumes at every double. One is complete when it was looked at twice, and until then its volume cannot be
 * deleted: stricter than some of the clouds, so that who does not wait is found out.
 */
const looksUntilComplete = 2;

const isComplete = ({ computed }: DoubleObject) => Number(computed.looks) >= looksUntilComplete;

/** The rule of a cloud's snapshots, of which `source` is the path of the input that names the volume. */
export function snapshotRule(volumeType: string, source: string, more: Omit<TypeRule, 'references'>): TypeRule {
  return {
    ...more,
    references: { [source]: { type: volumeType, onDelete: 'stays' } },
    computed: (desired, world, before) => ({
      ...more.computed?.(desired, world, before),
      looks: Number(before.looks ?? -1) + 1,
    }),
  };
}

/** The snapshot of a volume that is being made, if there is one. */
export function pendingSnapshot(world: World, about: { type: string; source: string; volumeId: string }) {
  return world
    .list(about.type)
    .find((each) => !isComplete(each) && valuesAt(each.inputs, about.source).includes(about.volumeId));
}

/** Looks at a snapshot: whether it is complete by now. */
export function readSnapshot({ area }: Double, snapshot: DoubleObject): boolean {
  return isComplete(isComplete(snapshot) ? snapshot : area.change(snapshot.type, snapshot.id, snapshot.inputs));
}
