import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Agent } from 'undici';

const program = fileURLToPath(new URL('./reverse-proxy-process.ts', import.meta.url));

/** The address from which a reverse proxy connects to the server behind it. */
export const proxyAddress = '127.0.0.1';

export interface ReverseProxy {
  url: string;
  stop(): Promise<void>;
}

/** Starts a reverse proxy before `target` as a process of its own; it ends at the latest with this one. */
export async function startReverseProxy(target: string): Promise<ReverseProxy> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, target], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Ctrl-C in the terminal ends the caller first, which needs the proxy until then.
    detached: true,
  });
  const exited = once(child, 'exit');
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    exited.then(([code]) => {
      throw new Error(`the reverse proxy ended with ${code}`);
    }),
  ]);
  const { listening } = JSON.parse(line as string) as { listening: string };
  return {
    url: listening,
    async stop() {
      child.stdin.end();
      await exited;
    },
  };
}

/** Connections of one client: from its own address of the loopback network, 127.0.0.2 and up. */
export function clientAt(number: number): Agent {
  return new Agent({ localAddress: `127.0.${Math.floor(number / 250)}.${2 + (number % 250)}` });
}
