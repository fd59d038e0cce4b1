import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Faults, ownRules, type Rules } from '../../src/stacks/local/cloud-api.ts';
import { type CloudClient, createCloudClient } from '../../src/stacks/local/cloud-client.ts';
import { identify, signalProcess } from '../../src/stacks/processes.ts';

const root = join(import.meta.dirname, '../..');
const token = 'token-of-the-small-cloud';
export const zone = 'freehold.localhost';

export interface TestCloud {
  url: string;
  token: string;
  pid: number;
  client: CloudClient;
  folder: string;
  faults(faults: Partial<Faults>): Promise<void>;
  clearFaults(): Promise<void>;
  /** Sets the behaviour of the cloud; rules that are not named are the small cloud's own. */
  rules(rules: Partial<Rules>): Promise<void>;
  call(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
  /** Ends the daemon with this signal; its hosts stay. */
  end(signal: NodeJS.Signals): Promise<void>;
  /** Starts the daemon again on the same records. */
  restart(): Promise<void>;
  /** Stops hosts and daemon, and removes its folder. */
  stop(): Promise<void>;
}

/** A separate small cloud: a real daemon, whose image `freehold-server:1.0.0` is the tiny host of the tests. */
export async function startCloud(): Promise<TestCloud> {
  const folder = await mkdtemp(join(tmpdir(), 'freehold-cloud-'));
  const imagesFile = join(folder, 'images.json');
  const command = [process.execPath, join(import.meta.dirname, 'tiny-host.mjs')];
  await writeFile(
    imagesFile,
    JSON.stringify({ 'freehold-server:1.0.0': { command }, 'freehold-server:0.0.1': { command: ['false'] } }),
  );

  let child: ChildProcess;
  let port = 0;
  async function start(): Promise<void> {
    const started = await startProgram('emulators/cloud/main.ts', {
      CLOUD_PORT: String(port),
      CLOUD_DB: join(folder, 'cloud.db'),
      CLOUD_DATA: join(folder, 'data'),
      CLOUD_TOKEN: token,
      CLOUD_IMAGES_FILE: imagesFile,
      CLOUD_DNS_ZONE: zone,
    });
    child = started.child;
    port = Number(new URL(String(started.ready.listening)).port);
  }
  await start();
  const url = `http://127.0.0.1:${port}`;
  const client = createCloudClient({ url, token });

  async function call(method: string, path: string, body?: unknown) {
    const response = await fetch(new URL(path, url), {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return { status: response.status, body: isJson ? JSON.parse(text) : text };
  }
  const end = (signal: NodeJS.Signals) => endProcess(child, signal);

  return {
    url,
    token,
    client,
    folder,
    call,
    get pid() {
      return child.pid!;
    },
    async faults(faults) {
      await call('POST', '/v1/faults', faults);
    },
    async clearFaults() {
      await call('DELETE', '/v1/faults');
    },
    async rules(rules) {
      await call('PATCH', '/v1/rules', { ...ownRules, ...rules });
    },
    end,
    restart: start,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        await call('POST', '/v1/shutdown');
        await end('SIGTERM');
      }
      client.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface TestEdge {
  url: string;
  dns: string;
  ca: string;
  stop(): Promise<void>;
}

/** The edge router of a small cloud, with its own certificate authority. */
export async function startEdge(cloud: Pick<TestCloud, 'url' | 'token' | 'folder'>): Promise<TestEdge> {
  const { child, ready } = await startProgram('emulators/edge/main.ts', {
    EDGE_HTTPS_PORT: '0',
    EDGE_DNS_PORT: '0',
    CLOUD_URL: cloud.url,
    CLOUD_TOKEN: cloud.token,
    EDGE_STATE: join(cloud.folder, 'edge'),
    EDGE_ZONE: zone,
  });
  return {
    url: String(ready.listening),
    dns: String(ready.dns),
    ca: String(ready.ca),
    stop: () => endProcess(child, 'SIGTERM'),
  };
}

/** Starts one of the project's programs and waits for the line with its address. */
async function startProgram(path: string, env: Record<string, string>) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(root, path)], {
    cwd: root,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaints += chunk;
  });
  const ready = await new Promise<Record<string, unknown>>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${path} ended with ${code}\n${complaints}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const value = JSON.parse(line);
      if (value.listening) resolve(value);
    });
  });
  return { child, ready };
}

async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

export function isRunning(pid: number | null): boolean {
  return pid !== null && identify(pid) !== null;
}

export const kill = (pid: number) => signalProcess(pid, 'SIGKILL');
