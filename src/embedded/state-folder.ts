import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { newAccountKeys } from '../api/keys/account-keys.ts';

/** The folder with everything of the embedded platform. */
export interface StateFolder {
  root: string;
  /** A path inside; creates its folder. */
  path(...parts: string[]): string;
}

/** The default folder: `FREEHOLD_STATE_DIR`, otherwise `.freehold` in the current directory. */
export function stateFolderFromEnvironment(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(env.FREEHOLD_STATE_DIR || '.freehold');
}

/** Opens the folder, accessible only to this user. */
export function openStateFolder(root: string): StateFolder {
  if (!isAbsolute(root)) throw new TypeError('the state folder must be an absolute path');
  mkdirSync(root, { recursive: true, mode: 0o700 });
  return {
    root,
    path(...parts) {
      const path = join(root, ...parts);
      mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
      return path;
    },
  };
}

/** Writes a file atomically: a reader, or the next start after a crash, sees the old content or the new one. */
export function writeFileSafely(path: string, content: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content, { mode: 0o600 });
  renameSync(temporary, path);
}

/** Another process uses the same folder. */
export class FolderBusyError extends Error {
  override readonly name = 'FolderBusyError';
  readonly owner: FolderOwner | undefined;

  constructor(root: string, owner: FolderOwner | undefined) {
    const who = owner ? ` (process ${owner.pid})` : '';
    super(
      `Freehold already runs on ${root}${who}: stop it there with Ctrl-C, or name another folder by FREEHOLD_STATE_DIR.`,
    );
    this.owner = owner;
  }
}

/** The holder of the folder: a platform, or the reaper of a killed one. */
export interface FolderOwner {
  pid: number;
  role: 'platform' | 'reaper';
}

/**
 * Locks the folder for this process; throws FolderBusyError while another one holds it. The lock is SQLite's own on a
 * separate file, which the kernel releases when the process ends, however it ends.
 */
export function lockStateFolder(folder: StateFolder, role: FolderOwner['role']): { release(): void } {
  const ownerFile = folder.path('run', 'owner.json');
  const database = new DatabaseSync(folder.path('run', 'lock.db'));
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;');
  } catch (error) {
    database.close();
    const { errcode } = error as { errcode?: number };
    if (errcode !== sqliteBusy) throw error;
    throw new FolderBusyError(folder.root, readOwner(ownerFile));
  }
  writeFileSafely(ownerFile, JSON.stringify({ pid: process.pid, role } satisfies FolderOwner));
  return {
    release() {
      // Once released, another process may hold it.
      if (!database.isOpen) return;
      rmSync(ownerFile, { force: true });
      database.close();
    },
  };
}

const sqliteBusy = 5;

function readOwner(file: string): FolderOwner | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as FolderOwner;
  } catch {
    // It is being written or removed; this is only for the error message, the lock decides.
    return undefined;
  }
}

const keyMakers = {
  'quote-key': () => randomText(),
  'account-keys': () => JSON.stringify(newAccountKeys()),
  'operator-token': () => randomText(),
  'licence-admin-token': () => randomText(),
  'licence-key': () => randomText(),
  'cloud-token': () => randomText(),
  'pulumi-passphrase': () => randomText(),
  'stripe-secret-key': () => `sk_test_${randomText()}`,
  'stripe-publishable-key': () => `pk_test_${randomText()}`,
  'stripe-webhook-secret': () => `whsec_${randomText()}`,
} satisfies Record<string, () => string>;
export type KeyName = keyof typeof keyMakers;
export type Keys = Record<KeyName, string>;

function randomText(): string {
  return randomBytes(24).toString('hex');
}

/** Reads the keys and tokens of the platform, creating missing ones; each is a file of mode 0600. */
export function loadKeys(folder: StateFolder): Keys {
  const keys = {} as Keys;
  for (const name of Object.keys(keyMakers) as KeyName[])
    keys[name] = loadKey(folder.path('keys', name), keyMakers[name]);
  return keys;
}

function loadKey(path: string, make: () => string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const key = make();
  writeFileSafely(path, `${key}\n`);
  return key;
}
