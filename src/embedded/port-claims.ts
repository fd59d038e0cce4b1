import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonic } from '../runtime/clock.ts';
import { identify } from '../stacks/processes.ts';

/**
 * The ports claimed by this user's platforms, stored outside their folders: for the seconds between the choice of a
 * port and its process listening, the port looks free to everybody else.
 */

/** The claims cannot be read or written; the sentence says why. */
export class ClaimsError extends Error {
  override readonly name = 'ClaimsError';
}

/** How long another start may take to choose, ms. */
const chooseLimitMs = 30_000;
const pollIntervalMs = 10;
const sqliteBusy = 5;

/**
 * Lets one choice run at a time, across all processes of this user: `choose` gets the ports claimed by live processes
 * and returns those it claims. A claim ends with `release` or with this process, however it ends. Errors: ClaimsError,
 * and those of `choose`.
 */
export async function claimPorts(
  choose: (claimed: ReadonlySet<number>) => Promise<number[]>,
): Promise<{ release(): Promise<void> }> {
  const me = identify(process.pid);
  if (!me) throw new ClaimsError('This process is missing from the list of processes.');
  const claimed = await locked(async (database) => {
    const ports = await choose(livingClaims(database));
    const insert = database.prepare('INSERT INTO claims (port, pid, start_time) VALUES (?, ?, ?)');
    for (const port of ports) insert.run(port, me.pid, me.startTime);
    return ports;
  });
  return {
    release: () =>
      locked(async (database) => {
        const remove = database.prepare('DELETE FROM claims WHERE port = ? AND pid = ? AND start_time = ?');
        for (const port of claimed) remove.run(port, me.pid, me.startTime);
      }),
  };
}

/** The ports claimed by live processes; other claims are deleted. */
function livingClaims(database: DatabaseSync): Set<number> {
  const owners = database.prepare('SELECT DISTINCT pid, start_time FROM claims').all();
  const forget = database.prepare('DELETE FROM claims WHERE pid = ? AND start_time = ?');
  for (const { pid, start_time } of owners) {
    if (identify(Number(pid))?.startTime !== start_time) forget.run(pid as number, start_time as string);
  }
  return new Set(
    database
      .prepare('SELECT port FROM claims')
      .all()
      .map(({ port }) => Number(port)),
  );
}

/** The lock is SQLite's own, which the kernel releases with the process that holds it. */
async function locked<T>(work: (database: DatabaseSync) => Promise<T>): Promise<T> {
  const database = new DatabaseSync(join(claimsFolder(), 'ports.db'));
  try {
    await begin(database);
    try {
      database.exec('CREATE TABLE IF NOT EXISTS claims (port INTEGER PRIMARY KEY, pid INTEGER, start_time TEXT)');
      const result = await work(database);
      database.exec('COMMIT');
      return result;
    } catch (error) {
      database.exec('ROLLBACK');
      throw error;
    }
  } finally {
    database.close();
  }
}

/** Waits without blocking, because the holder of the lock may be in this process. */
async function begin(database: DatabaseSync): Promise<void> {
  const deadline = monotonic() + chooseLimitMs;
  for (;;) {
    try {
      database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE;');
      return;
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== sqliteBusy) throw error;
      if (monotonic() > deadline) {
        throw new ClaimsError(
          `Another start of Freehold has been choosing its ports for ${chooseLimitMs / 1000} seconds: stop it first.`,
        );
      }
      await delay(pollIntervalMs);
    }
  }
}

/** One folder per user, accessible to nobody else. */
function claimsFolder(): string {
  const { uid } = userInfo();
  const folder = join(tmpdir(), `freehold-${uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== uid) {
    throw new ClaimsError(`${folder} belongs to another user: remove it, or name another folder by TMPDIR.`);
  }
  return folder;
}
