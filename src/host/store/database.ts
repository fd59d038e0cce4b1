import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** One entry per version of the schema, applied in order and never changed once released. */
const migrations = [
  `
  create table meta (name text primary key, value blob not null) strict;
  create table users (
    id text primary key,
    email text not null unique,
    password text,
    admitted_at integer not null,
    joined_at integer
  ) strict;
  create table sessions (
    token_hash blob primary key,
    user_id text not null references users(id) on delete cascade,
    expires_at integer not null
  ) strict, without rowid;
  create index sessions_by_user on sessions(user_id);
  create table domains (id text primary key, name text not null unique, added_at integer not null) strict;
  create table brands (
    id text primary key,
    name text not null unique,
    domain_id text not null unique references domains(id),
    accent text not null,
    band text not null,
    logo_type text,
    logo blob,
    added_at integer not null
  ) strict;
  create table plugins (id text primary key, name text not null unique, added_at integer not null) strict;
  create table devices (
    id text primary key,
    owner_id text not null references users(id) on delete cascade,
    name text not null,
    credential_hash blob not null,
    added_at integer not null,
    unique (owner_id, name)
  ) strict;
  create table readings (
    id integer primary key autoincrement,
    device_id text not null references devices(id) on delete cascade,
    at integer not null,
    received_at integer not null,
    "values" text not null
  ) strict;
  create index readings_by_device on readings(device_id, at, id);
  `,
];

export interface Database {
  readonly sql: DatabaseSync;
  /** This server's key for CSRF tokens; created once, stored on the data volume. */
  readonly formKey: Buffer;
  /** Runs `work` as one transaction, which is on disk when this returns and rolled back if it throws. */
  durably<T>(work: () => T): T;
  close(): void;
}

/**
 * Opens the database in the data folder, creates it if missing and migrates its schema.
 *
 * WAL with `synchronous=FULL`: a committed transaction survives a kill -9 and a power failure.
 */
export function openDatabase(dataFolder: string): Database {
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const path = join(dataFolder, 'host.sqlite');
  const sql = new DatabaseSync(path);
  chmodSync(path, 0o600);
  sql.exec('pragma journal_mode=wal; pragma synchronous=full; pragma foreign_keys=on; pragma busy_timeout=5000');

  function durably<T>(work: () => T): T {
    sql.exec('begin immediate');
    try {
      const result = work();
      sql.exec('commit');
      return result;
    } catch (error) {
      sql.exec('rollback');
      throw error;
    }
  }

  migrate(sql, durably);
  sql.prepare("insert or ignore into meta (name, value) values ('form-key', ?)").run(randomBytes(32));
  const row = sql.prepare("select value from meta where name = 'form-key'").get() as { value: Uint8Array };
  return { sql, formKey: Buffer.from(row.value), durably, close: () => sql.close() };
}

function migrate(sql: DatabaseSync, durably: Database['durably']): void {
  const { user_version: version } = sql.prepare('pragma user_version').get() as { user_version: number };
  if (version > migrations.length) {
    throw new Error(`The data volume has schema ${version}; this version knows ${migrations.length}. Run a newer one.`);
  }
  migrations.slice(version).forEach((statements, index) => {
    durably(() => {
      sql.exec(statements);
      sql.exec(`pragma user_version = ${version + index + 1}`);
    });
  });
}
