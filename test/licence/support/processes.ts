import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { LicenceClientOptions } from '../../../src/licence/client/types.ts';
import { product } from './licence-server.ts';
import { until } from './node.ts';

const program = join(import.meta.dirname, '../programs/node.ts');

export type ProcessOptions = Partial<LicenceClientOptions> & {
  serverUrl: string;
  stateFile: string;
  crash?: boolean;
  hurry?: boolean;
};

/** A product as a separate process. */
export function startProduct(options: ProcessOptions, environment: Record<string, string> = {}) {
  const given = { product, version: '1.0.0', node: { name: 'n1' }, lockWaitMs: 0, ...options };
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, JSON.stringify(given)], {
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: Record<string, unknown>[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(JSON.parse(line) as Record<string, unknown>);
  });
  const exited = once(child, 'exit').then(() => child.exitCode);
  return {
    lines,
    said: (what: Record<string, unknown>) =>
      until(`the product says ${JSON.stringify(what)}`, () =>
        lines.some((line) => Object.entries(what).every(([name, value]) => line[name] === value)),
      ),
    ended: () => exited,
    async kill(signal: NodeJS.Signals) {
      child.kill(signal);
      return exited;
    },
    signal: (signal: NodeJS.Signals) => child.kill(signal),
  };
}
