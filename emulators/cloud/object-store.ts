import { DatabaseSync } from 'node:sqlite';
import { now } from '../../src/runtime/clock.ts';
import type { CloudObject, Kind } from '../../src/stacks/local/cloud-api.ts';

/** A stored object: the document that clients see, and internal fields. */
interface Row {
  id: string;
  doc: string;
  fingerprint: string;
}

/**
 * The cloud's records in one SQLite file. Every write is one transaction in WAL mode, so a killed daemon loses nothing
 * that it has confirmed.
 */
export function openObjectStore(file: string) {
  const db = new DatabaseSync(file);
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA busy_timeout = 5000;
    CREATE TABLE IF NOT EXISTS objects (
      id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, token TEXT, fingerprint TEXT NOT NULL,
      created INTEGER NOT NULL, doc TEXT NOT NULL
    );
    CREATE UNIQUE INDEX IF NOT EXISTS objects_token ON objects (kind, token) WHERE token IS NOT NULL;
    CREATE INDEX IF NOT EXISTS objects_name ON objects (kind, name);
    CREATE TABLE IF NOT EXISTS tags (
      object TEXT NOT NULL REFERENCES objects (id) ON DELETE CASCADE, key TEXT NOT NULL, value TEXT NOT NULL,
      PRIMARY KEY (object, key)
    );
    CREATE INDEX IF NOT EXISTS tags_value ON tags (key, value);
  `);
  const insert = db.prepare(
    'INSERT INTO objects (id, kind, name, token, fingerprint, created, doc) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const update = db.prepare('UPDATE objects SET doc = ? WHERE id = ?');
  const select = db.prepare('SELECT id, doc, fingerprint FROM objects WHERE kind = ? AND id = ?');
  const selectByToken = db.prepare('SELECT id, doc, fingerprint FROM objects WHERE kind = ? AND token = ?');
  const selectAll = db.prepare('SELECT doc FROM objects WHERE kind = ? AND created <= ? ORDER BY created, id');
  const selectByName = db.prepare(
    'SELECT doc FROM objects WHERE kind = ? AND created <= ? AND name = ? ORDER BY created, id',
  );
  const selectByTag = db.prepare(`
    SELECT doc FROM objects JOIN tags ON tags.object = objects.id
    WHERE kind = ? AND created <= ? AND key = ? AND value = ? ORDER BY created, id`);
  const deleteObject = db.prepare('DELETE FROM objects WHERE id = ?');
  const insertTag = db.prepare('INSERT OR REPLACE INTO tags (object, key, value) VALUES (?, ?, ?)');
  const deleteTags = db.prepare('DELETE FROM tags WHERE object = ?');

  function transaction(work: () => void): void {
    db.exec('BEGIN IMMEDIATE');
    try {
      work();
      db.exec('COMMIT');
    } catch (error) {
      db.exec('ROLLBACK');
      throw error;
    }
  }

  const parse = <K extends Kind>(row: unknown) => JSON.parse((row as Row).doc) as CloudObject<K>;

  return {
    /** Stores a new object; with `token` null a repeated create makes another one. */
    add<K extends Kind>(kind: K, object: CloudObject<K>, create: { token: string | null; fingerprint: string }): void {
      transaction(() => {
        insert.run(object.id, kind, object.name, create.token, create.fingerprint, now(), JSON.stringify(object));
        for (const [key, value] of Object.entries(object.tags)) insertTag.run(object.id, key, value);
      });
    },
    put<K extends Kind>(_kind: K, object: CloudObject<K>): void {
      transaction(() => {
        update.run(JSON.stringify(object), object.id);
        deleteTags.run(object.id);
        for (const [key, value] of Object.entries(object.tags)) insertTag.run(object.id, key, value);
      });
    },
    find<K extends Kind>(kind: K, id: string): CloudObject<K> | null {
      const row = select.get(kind, id);
      return row ? parse<K>(row) : null;
    },
    findByToken<K extends Kind>(kind: K, token: string): { object: CloudObject<K>; fingerprint: string } | null {
      const row = selectByToken.get(kind, token) as Row | undefined;
      return row ? { object: parse<K>(row), fingerprint: row.fingerprint } : null;
    },
    /** Objects created at or before `until` (ms), oldest first. */
    list<K extends Kind>(
      kind: K,
      filter: { tag?: readonly [string, string]; name?: string; until?: number } = {},
    ): CloudObject<K>[] {
      const until = filter.until ?? Number.MAX_SAFE_INTEGER;
      const rows = filter.tag
        ? selectByTag.all(kind, until, ...filter.tag)
        : filter.name !== undefined
          ? selectByName.all(kind, until, filter.name)
          : selectAll.all(kind, until);
      return rows.map((row) => parse<K>(row));
    },
    remove(id: string): void {
      transaction(() => {
        deleteTags.run(id);
        deleteObject.run(id);
      });
    },
    close(): void {
      db.close();
    },
  };
}

export type ObjectStore = ReturnType<typeof openObjectStore>;
