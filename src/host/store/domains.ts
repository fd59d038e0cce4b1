import { now } from '../../runtime/clock.ts';
import type { Database } from './database.ts';
import { newHostId } from './host-id.ts';

/** A custom domain of the customer under which this server also answers. */
export interface Domain {
  id: string;
  name: string;
  addedAt: number;
}

const columns = 'id, name, added_at as addedAt';

export function createDomains({ sql, durably }: Database) {
  const list = sql.prepare(`select ${columns} from domains order by name`);
  const byName = sql.prepare(`select ${columns} from domains where name = ?`);
  const byId = sql.prepare(`select ${columns} from domains where id = ?`);
  const insert = sql.prepare('insert into domains (id, name, added_at) values (?, ?, ?)');
  const remove = sql.prepare('delete from domains where id = ?');

  return {
    list: () => list.all() as unknown as Domain[],
    byName: (name: string) => byName.get(name) as Domain | undefined,
    byId: (id: string) => byId.get(id) as Domain | undefined,
    add(name: string): Domain {
      const domain = { id: newHostId('dom'), name, addedAt: now() };
      durably(() => insert.run(domain.id, domain.name, domain.addedAt));
      return domain;
    },
    remove: (id: string) => durably(() => remove.run(id).changes === 1),
  };
}
