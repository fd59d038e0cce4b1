import { now } from '../../runtime/clock.ts';
import type { ProductPlugin } from '../plugins.ts';
import type { Database } from './database.ts';
import { newHostId } from './host-id.ts';

/** An extension that the administrator has enabled. */
export interface Plugin {
  id: string;
  name: ProductPlugin;
  addedAt: number;
}

export function createPlugins({ sql, durably }: Database) {
  const list = sql.prepare('select id, name, added_at as addedAt from plugins order by name');
  const byName = sql.prepare('select id from plugins where name = ?');
  const insert = sql.prepare('insert into plugins (id, name, added_at) values (?, ?, ?)');
  const remove = sql.prepare('delete from plugins where id = ?');

  return {
    list: () => list.all() as unknown as Plugin[],
    has: (name: ProductPlugin) => byName.get(name) !== undefined,
    add(name: ProductPlugin): Plugin {
      const plugin = { id: newHostId('plg'), name, addedAt: now() };
      durably(() => insert.run(plugin.id, plugin.name, plugin.addedAt));
      return plugin;
    },
    remove: (id: string) => durably(() => remove.run(id).changes === 1),
  };
}
