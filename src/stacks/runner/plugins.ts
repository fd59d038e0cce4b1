import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ReasonError } from '../../contracts/reasons.ts';
import type { CloudStacks } from '../private-server.ts';

/**
 * Starts a cloud's own providers ahead of the engine, which would otherwise wait for them at the first resource. The
 * engine is told by PULUMI_DEBUG_PROVIDERS where they listen, and speaks to them as to those that it starts itself. They
 * are children of the runner and end with its session.
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

/** A provider that was killed before it could serve is an interruption like any other; one that ends by itself is broken. */
function endOf(name: string, code: number | null, signal: NodeJS.Signals | null): Error {
  if (signal) return new ReasonError('runner_died', `provider ${name} was ended by ${signal}`);
  return new Error(`provider ${name} ended with ${code}`);
}
