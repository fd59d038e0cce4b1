/**
 * `node src/api/keys/main.ts FILE` creates the keys that sign licence tokens, or rotates existing ones by one step. The
 * api processes read the file at start: restart all of them before the next rotation.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { newAccountKeys, parseAccountKeys, rollAccountKeys } from './account-keys.ts';

const [file] = process.argv.slice(2);
if (!file) {
  process.stderr.write('usage: node src/api/keys/main.ts FILE\n');
  process.exit(2);
}
const there = readIfThere(file);
const keys = there === undefined ? newAccountKeys() : rollAccountKeys(parseAccountKeys(there));
writeWhole(file, `${JSON.stringify(keys, null, 2)}\n`);
for (const { kid, state } of keys.keys) process.stdout.write(`${state.padEnd(8)} ${kid}\n`);

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces the file atomically: a reader sees the old keys or the new ones. */
function writeWhole(path: string, content: string): void {
  const draft = `${path}.${process.pid}.tmp`;
  const handle = openSync(draft, 'wx', 0o600);
  try {
    writeSync(handle, content);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(draft, path);
}
