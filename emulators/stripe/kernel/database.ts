import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Fields that lists filter by; each has an index. */
const filtered = [
  'customer',
  'invoice',
  'payment_intent',
  'charge',
  'subscription',
  'lookup_key',
  'parent.subscription_details.subscription',
  'payment.payment_intent',
];

const schema = `
  CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL,
    hidden TEXT
  );
  CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, seq);
  ${filtered
    .map((path) => {
      const name = path.replaceAll('.', '_');
      return `CREATE INDEX IF NOT EXISTS objects_by_${name} ON objects (kind, json_extract(body, '$.${path}'));`;
    })
    .join('\n  ')}
  CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    request TEXT NOT NULL,
    created INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS answers_by_created ON answers (created);
  CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS deliveries_by_due ON deliveries (state, due);
  CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event);
  CREATE TABLE IF NOT EXISTS timers (
    kind TEXT NOT NULL,
    object TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (kind, object)
  );
  CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
`;

export interface Database {
  /** Runs one statement; prepared statements are cached. */
  run(sql: string, ...values: SqlValue[]): void;
  row<Row>(sql: string, ...values: SqlValue[]): Row | undefined;
  rows<Row>(sql: string, ...values: SqlValue[]): Row[];
  /** All or nothing: commits what `work` did, or rolls back and rethrows. */
  transaction<Result>(work: () => Result): Result;
  close(): void;
}

export type SqlValue = string | number | null;

/** Opens (and if needed creates) the database file. Its write-ahead log survives a killed process. */
export function openDatabase(path: string): Database {
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true });
  const connection = new DatabaseSync(path);
  connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;');
  connection.exec(schema);
  const statements = new Map<string, ReturnType<DatabaseSync['prepare']>>();
  const prepared = (sql: string) => {
    const known = statements.get(sql) ?? connection.prepare(sql);
    statements.set(sql, known);
    return known;
  };
  return {
    run: (sql, ...values) => {
      prepared(sql).run(...values);
    },
    row: <Row>(sql: string, ...values: SqlValue[]) => prepared(sql).get(...values) as Row | undefined,
    rows: <Row>(sql: string, ...values: SqlValue[]) => prepared(sql).all(...values) as Row[],
    transaction: (work) => {
      connection.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        connection.exec('COMMIT');
        return result;
      } catch (error) {
        connection.exec('ROLLBACK');
        throw error;
      }
    },
    close: () => connection.close(),
  };
}
