import { log } from '@temporalio/activity';
import type { PassSettings } from '../../contracts/fleet.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import type { SnapshotsPage } from '../../contracts/snapshots.ts';
import type { CloudName } from '../../contracts/stack.ts';
import { dailySnapshotDays, isOverdue, lastDayOf, volumesWithoutDaily } from '../../domain/fleet/snapshots.ts';
import type { Snapshots, VolumeSnapshot } from '../../stacks/private-server.ts';
import type { CloudFleetPorts } from './ports.ts';
import { withInventory } from './read-clouds.ts';

/**
 * Maintains the snapshots that we make ourselves at a cloud: deletes expired ones, with the first page, and creates
 * today's of a page of servers where the cloud has no schedule of its own. Idempotent within a day. A failure at one
 * volume does not affect the others; it is reported in the result. Errors: those of the cloud.
 */
export function keepSnapshots(ports: CloudFleetPorts) {
  return async (cloud: CloudName, settings: PassSettings, after: string): Promise<SnapshotsPage> => {
    const { dailySnapshots, snapshots } = await ports.snapshotsOf(cloud);
    const page: SnapshotsPage = { made: 0, removed: 0, problems: [], next: null };
    const tried = async (subject: string, work: () => Promise<boolean>): Promise<number> => {
      try {
        return (await work()) ? 1 : 0;
      } catch (error) {
        log.error('a snapshot could not be kept in order', { cloud, subject, error });
        page.problems.push({ cloud, subject, reason: error instanceof ReasonError ? error.code : 'internal' });
        return 0;
      }
    };
    try {
      const listed = await snapshots.list();
      if (after === '') {
        for (const snapshot of listed.filter((each) => isOverdue(each, settings.at))) {
          page.removed += await tried(snapshot.id, () => snapshots.remove(snapshot).then(() => true));
        }
      }
      if (dailySnapshots === 'ours') {
        const work = await volumesOfPage(ports, { cloud, settings, after, listed });
        for (const make of work.volumes) page.made += await tried(make.id, () => makeDaily(snapshots, make, settings));
        page.next = work.next;
      }
      return page;
    } finally {
      snapshots.close();
    }
  };
}

interface Due {
  id: string;
  resource: string;
  instanceId: string;
  region: string;
}

function makeDaily(snapshots: Snapshots, { id, resource, ...location }: Due, { at }: PassSettings): Promise<boolean> {
  return snapshots.make(
    { id, resource },
    { ...location, purpose: 'daily', keepUntil: lastDayOf(at, dailySnapshotDays) },
  );
}

/** The data volumes of a page of delivered servers that have no snapshot of this day. */
async function volumesOfPage(
  ports: CloudFleetPorts,
  about: { cloud: CloudName; settings: PassSettings; after: string; listed: VolumeSnapshot[] },
): Promise<{ volumes: Due[]; next: string | null }> {
  const { cloud, settings, after, listed } = about;
  const servers = await ports.store.instances.delivered(cloud, { after, limit: settings.pageSize });
  if (servers.length === 0) return { volumes: [], next: null };
  const regionOf = new Map(servers.map(({ _id, region }) => [_id, region]));
  const objects = await withInventory(ports, cloud, (inventory) => inventory.listAll());
  const volumes = objects.flatMap(({ id, resource, role, instanceId }) => {
    const region = regionOf.get(instanceId);
    return role === 'volume' && region !== undefined ? [{ id, resource, instanceId, region }] : [];
  });
  return {
    volumes: volumesWithoutDaily(volumes, listed, settings.at),
    next: servers.length < settings.pageSize ? null : servers.at(-1)!._id,
  };
}
