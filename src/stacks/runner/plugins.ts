import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ReasonError } from '../../contracts/reasons.ts';
import type { CloudStacks } from '../private-server.ts';

/**
 * Starts a cloud's own providers before the engine, which would otherwise wait for them at the first resource.
 * PULUMI_DEBUG_PROVIDERS tells the engine where they listen. They are children of the runner and end with its session.
 */
export async function startPlugins(cloud: CloudStacks): Promise<void> {
  const started = cloud.plugins.map(async ({ name, path }) => {
    const child = spawn(join(path, `pulumi-resource-${name}`), [], { stdio: ['ignore', 'pipe', 'inherit'] });
    const port = await Promise.race([
      once(createInterface({ input: child.stdout }), 'line').then(([line]) => Number(line)),
      once(child, 'exit').then(([code, signal]) => Promise.reject(endOf(name, code, signal))),
    ]);
    return `${name}:${port}`;
  });
  const addresses = await Promise.all(started);
  if (addresses.length > 0) process.env.PULUMI_DEBUG_PROVIDERS = addresses.join(',');
}

/** A provider killed before it could serve is an interruption like any other; one that exits by itself is broken. */
function endOf(name: string, code: number | null, signal: NodeJS.Signals | null): Error {
  if (signal) return new ReasonError('runner_died', `provider ${name} was ended by ${signal}`);
  return new Error(`provider ${name} exited with ${code}`);
}
