import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../../faults/main.ts', import.meta.url));

/** Runs `npm run faults` to its end; gives its exit code, the summary of `--json` and all that it showed. */
export async function runFaults<Summary>(...args: string[]) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, '--json', ...args], {
    env: { ...process.env, NODE_OPTIONS: '' },
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
  return { code, summary: out === '' ? undefined : (JSON.parse(out) as Summary), shown };
}
