import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../../../emulators/mailbox/main.ts', import.meta.url));

/** Starts the mailbox as a process on a database file; `env` may fix its ports. */
export async function spawnMailbox(database: string, env: Record<string, string> = {}) {
  const child: ChildProcess = spawn(process.execPath, [entry], {
    env: { PATH: process.env.PATH, MAILBOX_DB: database, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout! });
  const [first] = (await once(lines, 'line')) as [string];
  lines.on('line', () => {});
  const { listening: url, smtp } = JSON.parse(first) as { listening: string; smtp: string };
  return {
    url,
    smtp,
    async stop(signal: NodeJS.Signals = 'SIGTERM') {
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
    },
  };
}
