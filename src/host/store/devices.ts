import { createHash, timingSafeEqual } from 'node:crypto';
import { now } from '../../runtime/clock.ts';
import { newSecret } from '../../runtime/new-id.ts';
import type { Database } from './database.ts';
import { newHostId } from './host-id.ts';

export interface Device {
  id: string;
  ownerId: string;
  owner: string;
  name: string;
  addedAt: number;
}

const select = `select d.id, d.owner_id as ownerId, u.email as owner, d.name, d.added_at as addedAt
  from devices d join users u on u.id = d.owner_id`;

function hashOf(credential: string): Buffer {
  return createHash('sha256').update(credential).digest();
}

/** Devices belong to the user who created them; only the hash of a credential is stored (it has 256 random bits). */
export function createDevices({ sql, durably }: Database) {
  const list = sql.prepare(`${select} order by d.name, d.id`);
  const ofOwner = sql.prepare(`${select} where d.owner_id = ? order by d.name, d.id`);
  const byId = sql.prepare(`${select} where d.id = ?`);
  const byName = sql.prepare('select id from devices where owner_id = ? and name = ?');
  const count = sql.prepare('select count(*) as number from devices');
  const hash = sql.prepare('select credential_hash as hash from devices where id = ?');
  const insert = sql.prepare(
    'insert into devices (id, owner_id, name, credential_hash, added_at) values (?, ?, ?, ?, ?)',
  );
  const remove = sql.prepare('delete from devices where id = ?');

  return {
    list: () => list.all() as unknown as Device[],
    ofOwner: (ownerId: string) => ofOwner.all(ownerId) as unknown as Device[],
    byId: (id: string) => byId.get(id) as Device | undefined,
    has: (ownerId: string, name: string) => byName.get(ownerId, name) !== undefined,
    count: () => (count.get() as { number: number }).number,
    /** Only this answer contains the credential. */
    add(ownerId: string, name: string): { device: Device; credential: string } {
      const id = newHostId('dev');
      const credential = `fhd_${newSecret()}`;
      durably(() => insert.run(id, ownerId, name, hashOf(credential), now()));
      return { device: byId.get(id) as unknown as Device, credential };
    },
    accepts(id: string, credential: string): boolean {
      const row = hash.get(id) as { hash: Uint8Array } | undefined;
      return row !== undefined && timingSafeEqual(row.hash, hashOf(credential));
    },
    remove: (id: string) => durably(() => remove.run(id).changes === 1),
  };
}
