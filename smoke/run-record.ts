import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { CloudName, PrivateServerSpec } from '../src/contracts/stack.ts';
import type { BilledCloud } from '../src/domain/catalogue/cloud-costs.ts';
import { writeFileSafely } from '../src/embedded/state-folder.ts';

/** A server that a run is about to build, or has built. */
const RememberedRun = z.strictObject({
  cloud: CloudName.exclude(['local']),
  /** The account in which it is built, as the cloud names it. */
  account: z.string(),
  simulated: z.boolean(),
  spec: PrivateServerSpec,
  /** Start time, ISO 8601. */
  since: z.iso.datetime(),
});
export interface RememberedRun extends z.infer<typeof RememberedRun> {
  cloud: BilledCloud;
}

/**
 * Record of what this folder's runs have built and not confirmed as gone, a file each: written before anything is
 * created, and removed when the cloud lists nothing of it any more. So a killed run is destroyed by the next one.
 */
export interface RunRecord {
  /** Oldest first. Throws if a file cannot be read: its server must not be forgotten. */
  all(): RememberedRun[];
  note(run: RememberedRun): void;
  forget(run: RememberedRun): void;
}

export function openMemory(folder: string): RunRecord {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const fileOf = ({ spec }: RememberedRun) => join(folder, `${spec.instanceId}.json`);
  return {
    all: () =>
      readdirSync(folder)
        .filter((name) => name.endsWith('.json'))
        .map((name) => read(join(folder, name)))
        .sort((a, b) => (a.since < b.since ? -1 : 1)),
    note: (run) => writeFileSafely(fileOf(run), `${JSON.stringify(run, null, 2)}\n`),
    forget: (run) => rmSync(fileOf(run), { force: true }),
  };
}

function read(path: string): RememberedRun {
  try {
    return RememberedRun.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw new Error(`${path} records what an earlier run has built, but cannot be read`, { cause: error });
  }
}
