import type { Database } from './database.ts';

const name = 'administrator';

/** The administrator's address where it was corrected after the first boot. */
export function createAdministratorRecord({ sql, durably }: Database) {
  const read = sql.prepare('select value from meta where name = ?');
  const write = sql.prepare('insert or replace into meta (name, value) values (?, ?)');
  return {
    corrected(): string | undefined {
      const row = read.get(name) as { value: Uint8Array } | undefined;
      return row && Buffer.from(row.value).toString();
    },
    correct: (email: string): void => {
      durably(() => write.run(name, Buffer.from(email)));
    },
  };
}
