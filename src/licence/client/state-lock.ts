import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { LicenceClientError } from './types.ts';

const retryMs = 100;

/**
 * Locks the state file for this process until the returned function is called. SQLite's lock is an operating system
 * lock, so it ends with the process however that dies, and works across containers that share the volume. Throws
 * STATE_IN_USE if another process holds it for `waitMs`, STATE_FILE_UNUSABLE if the lock file cannot be used.
 */
export async function lockState(stateFile: string, waitMs: number): Promise<() => void> {
  const path = `${stateFile}.lock`;
  const deadline = performance.now() + waitMs;
  for (;;) {
    const release = await tryLock(path);
    if (release !== null) return release;
    if (performance.now() >= deadline) {
      throw new LicenceClientError('STATE_IN_USE', `${stateFile} is in use by another process of this node.`);
    }
    await delay(retryMs);
  }
}

async function tryLock(path: string): Promise<(() => void) | null> {
  let database: DatabaseSync | undefined;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    database = new DatabaseSync(path);
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
    const held = database;
    return () => held.close();
  } catch (error) {
    if (database?.isOpen) database.close();
    const busy = (error as { errcode?: number }).errcode === 5;
    if (busy) return null;
    throw new LicenceClientError('STATE_FILE_UNUSABLE', `${path} cannot be locked.`, { cause: error });
  }
}
