import {
  CreateSnapshotCommand,
  DeleteSnapshotCommand,
  paginateDescribeSnapshots,
  type Snapshot,
} from '@aws-sdk/client-ec2';
import { ReasonError } from '../../contracts/reasons.ts';
import { dailySnapshotDays, lastDayOf } from '../../domain/fleet/snapshots.ts';
import type { Snapshots, VolumeSnapshot } from '../private-server.ts';
import { readSnapshotTags, snapshotOfTag, snapshotTagsOf } from '../snapshot-tags.ts';
import { createAwsClients } from './clients.ts';
import { awsRegions, mapAwsErrors } from './inventory.ts';
import { physicalName } from './names.ts';
import { awsSettings } from './settings.ts';

const states: Readonly<Record<string, VolumeSnapshot['state']>> = { completed: 'complete', error: 'failed' };

function read(region: string, snapshot: Snapshot): VolumeSnapshot[] {
  const { SnapshotId: id = '', VolumeId: volumeId = '', State = '', StartTime, Tags = [] } = snapshot;
  const tags = Object.fromEntries(Tags.map(({ Key = '', Value = '' }) => [Key, Value]));
  const createdAt = StartTime?.getTime() ?? 0;
  const about = readSnapshotTags(tags) ?? ofPolicy(tags, createdAt);
  return [{ ...about, id, region, volumeId, createdAt, state: states[State] ?? 'pending' }];
}

/** A lifecycle policy records no last day, and once it was deleted with its stack nothing removes its snapshots. */
function ofPolicy(tags: Readonly<Record<string, string>>, createdAt: number) {
  const keepUntil = lastDayOf(createdAt, dailySnapshotDays);
  return { instanceId: tags[snapshotOfTag] ?? '', purpose: 'daily', keepUntil } as const;
}

/** Snapshots of EBS volumes; the stack's lifecycle policy takes the daily ones. */
export function awsSnapshots(env: NodeJS.ProcessEnv): Snapshots {
  const { FREEHOLD_AWS_REMOVE_PAUSE_MS: pauseMs } = awsSettings(env);
  const clients = createAwsClients();
  const ours = { Name: 'tag-key', Values: [snapshotOfTag] };

  async function listIn(region: string, instanceId?: string): Promise<VolumeSnapshot[]> {
    const own = instanceId === undefined ? [] : [{ Name: `tag:${snapshotOfTag}`, Values: [instanceId] }];
    const query = { OwnerIds: ['self'], Filters: [ours, ...own] };
    const found: VolumeSnapshot[] = [];
    for await (const page of paginateDescribeSnapshots({ client: clients.in(region).ec2 }, query)) {
      found.push(...(page.Snapshots ?? []).flatMap((each) => read(region, each)));
    }
    return found;
  }

  return {
    pauseMs,
    list: (instance) =>
      mapAwsErrors(async () => {
        if (instance) return listIn(instance.region, instance.instanceId);
        return (await Promise.all(awsRegions.map((region) => listIn(region)))).flat();
      }),
    make: ({ id, resource }, desired) =>
      mapAwsErrors(async () => {
        const tags = snapshotTagsOf({ ...desired, resource });
        const named = { ...tags, Name: physicalName(desired.instanceId, `${resource}-${desired.purpose}`) };
        const Tags = Object.entries(named).map(([Key, Value]) => ({ Key, Value }));
        const call = { VolumeId: id, TagSpecifications: [{ ResourceType: 'snapshot' as const, Tags }] };
        return unless(
          /^InvalidVolume\.NotFound$/,
          clients.in(desired.region).ec2.send(new CreateSnapshotCommand(call)),
        );
      }),
    remove: ({ id, region }) =>
      mapAwsErrors(async () => {
        if (region === undefined) throw new ReasonError('internal', `the region of ${id} is unknown`);
        const call = new DeleteSnapshotCommand({ SnapshotId: id });
        await unless(/^InvalidSnapshot\.NotFound$/, clients.in(region).ec2.send(call));
      }),
    close: clients.close,
  };
}

/** Whether a call succeeded; false if AWS refused it with this code. */
async function unless(code: RegExp, call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof Error && code.test(error.name)) return false;
    throw error;
  }
}
