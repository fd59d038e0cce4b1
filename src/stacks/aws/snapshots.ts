import {
  CreateSnapshotCommand,
  DeleteSnapshotCommand,
  paginateDescribeSnapshots,
  type Snapshot,
} from '@aws-sdk/client-ec2';
import { ReasonError } from '../../contracts/reasons.ts';
import { snapshotPurposes } from '../../domain/snapshots.ts';
import type { Snapshots, VolumeSnapshot } from '../private-server.ts';
import { purposeTag, readSnapshotTags, snapshotOfTag, snapshotTagsOf } from '../snapshot-tags.ts';
import { createAwsClients } from './clients.ts';
import { awsRegions, told } from './inventory.ts';
import { physicalName } from './names.ts';
import { awsSettings } from './settings.ts';

const states: Readonly<Record<string, VolumeSnapshot['state']>> = { completed: 'complete', error: 'failed' };

function read(region: string, snapshot: Snapshot): VolumeSnapshot[] {
  const { SnapshotId: id = '', VolumeId: volumeId = '', State = '', StartTime, Tags = [] } = snapshot;
  const about = readSnapshotTags(Object.fromEntries(Tags.map(({ Key = '', Value = '' }) => [Key, Value])));
  if (!about) return [];
  return [{ ...about, id, region, volumeId, createdAt: StartTime?.getTime() ?? 0, state: states[State] ?? 'pending' }];
}

/** Snapshots of EBS volumes; the daily ones are the lifecycle policy's. */
export function awsSnapshots(env: NodeJS.ProcessEnv): Snapshots {
  const { FREEHOLD_AWS_REMOVE_PAUSE_MS: pauseMs } = awsSettings(env);
  const clients = createAwsClients();
  const ours = { Name: 'tag-key', Values: snapshotPurposes.map(purposeTag) };

  async function listIn(region: string, instanceId?: string): Promise<VolumeSnapshot[]> {
    const own = instanceId === undefined ? [] : [{ Name: `tag:${snapshotOfTag}`, Values: [instanceId] }];
    const asked = { OwnerIds: ['self'], Filters: [ours, ...own] };
    const found: VolumeSnapshot[] = [];
    for await (const page of paginateDescribeSnapshots({ client: clients.in(region).ec2 }, asked)) {
      found.push(...(page.Snapshots ?? []).flatMap((each) => read(region, each)));
    }
    return found;
  }

  return {
    pauseMs,
    list: (instance) =>
      told(async () => {
        if (instance) return listIn(instance.region, instance.instanceId);
        return (await Promise.all(awsRegions.map((region) => listIn(region)))).flat();
      }),
    make: ({ id, resource }, wish) =>
      told(async () => {
        const tags = snapshotTagsOf({ ...wish, resource });
        const named = { ...tags, Name: physicalName(wish.instanceId, `${resource}-${wish.purpose}`) };
        const Tags = Object.entries(named).map(([Key, Value]) => ({ Key, Value }));
        const call = { VolumeId: id, TagSpecifications: [{ ResourceType: 'snapshot' as const, Tags }] };
        return unless(/^InvalidVolume\.NotFound$/, clients.in(wish.region).ec2.send(new CreateSnapshotCommand(call)));
      }),
    remove: ({ id, region }) =>
      told(async () => {
        if (region === undefined) throw new ReasonError('internal', `where ${id} is was not told`);
        const call = new DeleteSnapshotCommand({ SnapshotId: id });
        await unless(/^InvalidSnapshot\.NotFound$/, clients.in(region).ec2.send(call));
      }),
    close: clients.close,
  };
}

/** Whether a call was done; false where AWS refused it with this code. */
async function unless(code: RegExp, call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof Error && code.test(error.name)) return false;
    throw error;
  }
}
