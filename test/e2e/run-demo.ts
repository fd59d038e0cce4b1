import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Summary } from '../../src/embedded/demo/summary.ts';
import { choosePorts } from '../../src/embedded/ports.ts';
import { openStateFolder } from '../../src/embedded/state-folder.ts';

const entry = fileURLToPath(new URL('../../src/embedded/demo.ts', import.meta.url));

/** Runs the demo to its end on free ports; returns its exit code, summary and output. */
export async function runDemo(stateDir: string, ...args: string[]) {
  // The chosen ports are stored in the folder.
  const folder = openStateFolder(stateDir);
  const { release } = await choosePorts({ file: folder.path('ports.json'), env: {}, free: true });
  await release();
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, '--json', ...args], {
    env: { ...process.env, NODE_OPTIONS: '', FREEHOLD_STATE_DIR: stateDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  const summary = out === '' ? undefined : (JSON.parse(out) as Summary);
  return { code, summary, shown };
}

/** Processes whose environment or command contains this folder, as all of a platform's do. */
export function processesOf(stateDir: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        const named = command.includes(stateDir) || readFileSync(`/proc/${pid}/environ`, 'utf8').includes(stateDir);
        return named ? [`${pid} ${command}`] : [];
      } catch {
        // It has ended since the listing.
        return [];
      }
    });
}
