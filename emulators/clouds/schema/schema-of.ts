import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CloudTable } from '../rule-table.ts';
import { type InputSchema, planSchema } from './read-schema.ts';

export function cacheFolderOf(env: NodeJS.ProcessEnv): string {
  return env.FREEHOLD_DOUBLES_CACHE || join(tmpdir(), 'freehold-doubles');
}

/** The input schema of a cloud's types; if it is not cached, another process reads it, because that blocks. */
export async function schemaOf(table: CloudTable, env: NodeJS.ProcessEnv): Promise<InputSchema> {
  const types = Object.keys(table.types);
  const { file } = planSchema({ package: table.package, types, cacheFolder: cacheFolderOf(env) });
  if (!existsSync(file)) {
    await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'main.ts'), table.cloud], { env });
  }
  return JSON.parse(readFileSync(file, 'utf8')) as InputSchema;
}
