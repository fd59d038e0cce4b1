import { now } from '../../runtime/clock.ts';
import type { Database } from './database.ts';
import { newHostId } from './host-id.ts';

/** A person who may use this server. Without a password: admitted, but not signed up yet. */
export interface User {
  id: string;
  email: string;
  password: string | null;
  /** Ms since the epoch. */
  admittedAt: number;
  joinedAt: number | null;
}

const columns = 'id, email, password, admitted_at as admittedAt, joined_at as joinedAt';

export function createUsers({ sql, durably }: Database) {
  const list = sql.prepare(`select ${columns} from users order by admitted_at, id`);
  const byEmail = sql.prepare(`select ${columns} from users where email = ?`);
  const byId = sql.prepare(`select ${columns} from users where id = ?`);
  const insert = sql.prepare('insert into users (id, email, admitted_at) values (?, ?, ?)');
  const join = sql.prepare('update users set password = ?, joined_at = ? where id = ? and password is null');
  const remove = sql.prepare('delete from users where id = ?');
  const get = (id: string) => byId.get(id) as User | undefined;

  return {
    list: () => list.all() as unknown as User[],
    byEmail: (email: string) => byEmail.get(email) as User | undefined,
    byId: get,
    admit(email: string): User {
      const id = newHostId('usr');
      durably(() => insert.run(id, email, now()));
      return get(id)!;
    },
    /** Sets an admitted user's password; false if the account has one already. */
    join: (id: string, password: string) => durably(() => join.run(password, now(), id).changes === 1),
    /** Removes the user with all sessions, devices and readings. */
    remove: (id: string) => durably(() => remove.run(id).changes === 1),
  };
}
