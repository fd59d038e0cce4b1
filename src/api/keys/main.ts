/**
 * `node src/api/keys/main.ts FILE` makes the keys that sign licence tokens, or rolls those that are there by one step.
 * The api processes read the file at their start: restart them one after the other, and only then roll again.
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

/** A reader sees the old keys or the new ones, never half of them. */
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
