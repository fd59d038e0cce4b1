import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Run } from '../support/temporal.ts';

const ending = '.json.gz';

function fileOf(name: string): string {
  return join(import.meta.dirname, `${name}${ending}`);
}

/** The scenarios with a recorded history, one file each. */
export function recordedNames(): string[] {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith(ending));
  return files.map((file) => file.slice(0, -ending.length)).sort();
}

/** The histories of a scenario as text: JSON as Temporal's UI and CLI export it, one for each run of each workflow. */
export function readText(name: string): string {
  return gunzipSync(readFileSync(fileOf(name))).toString();
}

/** The histories of a scenario, for a replay. */
export function readRuns(name: string): Run[] {
  const recorded = JSON.parse(readText(name)) as { workflowId: string; history: unknown }[];
  return recorded.map(({ workflowId, history }) => ({ workflowId, history: historyFromJSON(history) }));
}

/** Writes the histories of a scenario, compressed, because events are repetitive. */
export function writeText(name: string, text: string): void {
  writeFileSync(fileOf(name), gzipSync(text, { level: 9 }));
}
