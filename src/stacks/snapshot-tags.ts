import { type SnapshotPurpose, snapshotPurposes } from '../domain/fleet/snapshots.ts';

/** Logical names of data volumes, on every cloud. */
export const volumeName = /^volume-/;

export const snapshotOfTag = 'freehold:snapshot-of';
/** The tag with a snapshot's purpose; its value is the snapshot's last day. */
export const purposeTag = (purpose: SnapshotPurpose) => `freehold:${purpose}-snapshot`;

/**
 * Tags of a snapshot. Not `freehold:instance`, the tag that sweeps use: a snapshot outlives its volume, and is removed
 * after its last day.
 */
export function snapshotTagsOf(about: {
  instanceId: string;
  resource: string;
  purpose: SnapshotPurpose;
  keepUntil: string;
}): Record<string, string> {
  return {
    [snapshotOfTag]: about.instanceId,
    'freehold:resource': about.resource,
    [purposeTag(about.purpose)]: about.keepUntil,
  };
}

const day = /^\d{4}-\d{2}-\d{2}$/;

/**
 * What the tags of a snapshot say; null if we did not take it, as with a cloud's own schedule. `keyOf` maps keys on a
 * cloud that spells them differently.
 */
export function readSnapshotTags(
  tags: Readonly<Record<string, string>>,
  keyOf: (key: string) => string = (key) => key,
): { instanceId: string; purpose: SnapshotPurpose; keepUntil: string } | null {
  const instanceId = tags[keyOf(snapshotOfTag)];
  const purpose = snapshotPurposes.find((each) => day.test(tags[keyOf(purposeTag(each))] ?? ''));
  if (instanceId === undefined || purpose === undefined) return null;
  return { instanceId, purpose, keepUntil: tags[keyOf(purposeTag(purpose))]! };
}
