import { randomBytes } from 'node:crypto';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { nowDate } from '../../src/runtime/clock.ts';
import { Snapshot, type SnapshotCreate } from '../../src/stacks/local/cloud-api.ts';
import { CloudRefusal } from './problem.ts';

const isData = (path: string) => {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isFile() || found?.isDirectory() || false;
};

/**
 * Copies of volumes, a folder each: `snapshot.json` beside `data`. They outlive their volumes. A copy that a killed
 * daemon left incomplete does not count.
 */
export function createSnapshots(folder: string) {
  const root = join(folder, 'snapshots');
  const folderOf = (id: string) => join(root, id);
  const fileOf = (id: string) => join(folderOf(id), 'snapshot.json');

  return {
    list(): Snapshot[] {
      if (!existsSync(root)) return [];
      const ids = readdirSync(root).filter((id) => existsSync(fileOf(id)));
      return ids.map((id) => Snapshot.parse(JSON.parse(readFileSync(fileOf(id), 'utf8'))));
    },
    make({ volumeId, tags }: SnapshotCreate): Snapshot {
      const volume = join(folder, 'volumes', volumeId);
      if (!/^vol-[0-9a-f]+$/.test(volumeId) || !existsSync(volume)) {
        throw new CloudRefusal('not_found', `no volume ${volumeId}`);
      }
      const id = `snap-${randomBytes(8).toString('hex')}`;
      const snapshot: Snapshot = { id, volumeId, tags, createdAt: nowDate().toISOString() };
      const half = `${folderOf(id)}.half`;
      mkdirSync(half, { recursive: true, mode: 0o700 });
      // Sockets cannot be copied, and are useless without their process.
      cpSync(volume, join(half, 'data'), { recursive: true, filter: isData });
      writeFileSync(join(half, 'snapshot.json'), JSON.stringify(snapshot), { mode: 0o600 });
      renameSync(half, folderOf(id));
      return snapshot;
    },
    remove(id: string): void {
      if (!/^snap-[0-9a-f]+$/.test(id) || !existsSync(fileOf(id)))
        throw new CloudRefusal('not_found', `no snapshot ${id}`);
      rmSync(folderOf(id), { recursive: true });
    },
  };
}

export type LocalSnapshots = ReturnType<typeof createSnapshots>;
