import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Dispatcher, request } from 'undici';
import { type HostContract, HostHealth, hostEnvironment } from '../../../src/contracts/host-contract.ts';
import { newId } from '../../../src/runtime/new-id.ts';
import { until } from '../../support/until.ts';

const main = join(import.meta.dirname, '../../../src/host/main.ts');
export const adminEmail = 'ada@acme.example';
export const hostname = 'acme.local.freehold.localhost';

export interface Answer {
  status: number;
  headers: Dispatcher.ResponseData['headers'];
  text: string;
  /** The body as JSON; reading it fails where it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look at members of many shapes
  json(): any;
}

export interface CallOptions {
  method?: string;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as a form. */
  form?: Record<string, string>;
  body?: Buffer | string;
  headers?: Record<string, string>;
  /** Host header; the server's own name when absent. */
  host?: string;
}

/** One HTTP request with the given Host header; redirects are answers. */
export async function call(port: number, path: string, options: CallOptions = {}): Promise<Answer> {
  const { json, form, host = hostname } = options;
  const body = json === undefined ? (form ? new URLSearchParams(form).toString() : options.body) : JSON.stringify(json);
  const type = json === undefined ? form && 'application/x-www-form-urlencoded' : 'application/json';
  const answer = await request(`http://127.0.0.1:${port}${path}`, {
    method: (options.method ?? (body === undefined ? 'GET' : 'POST')) as Dispatcher.HttpMethod,
    headers: { host, ...(type ? { 'content-type': type } : {}), ...options.headers },
    body,
  });
  const text = await answer.body.text();
  return { status: answer.statusCode, headers: answer.headers, text, json: () => JSON.parse(text) };
}

/** Somebody with a cookie jar. */
export function visitor(port: () => number, host = hostname) {
  const cookies = new Map<string, string>();

  async function go(path: string, options: CallOptions = {}): Promise<Answer> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...(cookie ? { cookie } : {}), ...options.headers };
    const answer = await call(port(), path, { host, ...options, headers });
    for (const line of [answer.headers['set-cookie'] ?? []].flat()) {
      const [pair = '', ...attributes] = line.split(';');
      const [name = '', value = ''] = pair.split('=');
      if (attributes.some((attribute) => /expires=Thu, 01 Jan 1970/i.test(attribute))) cookies.delete(name);
      else cookies.set(name, value);
    }
    return answer;
  }

  /** Sends a form with the CSRF token that the page at `from` carries. */
  async function submit(from: string, path: string, form: Record<string, string> = {}): Promise<Answer> {
    const token = /name="csrf" value="([^"]+)"/.exec((await go(from)).text)?.[1] ?? '';
    return go(path, { form: { csrf: token, ...form } });
  }

  return { go, submit, cookies };
}

export type Visitor = ReturnType<typeof visitor>;

/** One machine: a data volume, a contract, and the process that runs on it. */
export async function createMachine(licence: HostContract['licence'], changes: Partial<HostContract> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'freehold-host-'));
  const contractFile = join(folder, 'contract.json');
  const dataFolder = join(folder, 'data');
  const contract: HostContract = {
    instanceId: newId.instance(),
    nodeName: 'node-1',
    hostnames: [hostname],
    adminEmail,
    plan: 'MAKER',
    productVersion: '1.0.0',
    // Nobody answers there.
    controlPlaneUrl: 'http://127.0.0.1:1',
    licence,
    ...changes,
  };
  await writeFile(contractFile, JSON.stringify(contract), { mode: 0o600 });
  let child: ChildProcess | undefined;
  let port = 0;
  const lines: string[] = [];

  /** Starts the process; resolves when it listens. */
  async function boot(environment: Record<string, string> = {}): Promise<void> {
    const started = spawn(process.execPath, [main], {
      env: {
        PATH: process.env.PATH,
        [hostEnvironment.contract]: contractFile,
        [hostEnvironment.data]: dataFolder,
        [hostEnvironment.port]: '0',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    port = await new Promise<number>((resolve, reject) => {
      for (const stream of [started.stdout, started.stderr]) {
        createInterface({ input: stream! }).on('line', (line) => {
          lines.push(line);
          const listening = /"port":(\d+).*"msg":"listening"/.exec(line);
          if (listening) resolve(Number(listening[1]));
        });
      }
      started.once('exit', (code) => reject(new Error(`The host ended with ${code}:\n${lines.join('\n')}`)));
    });
  }

  async function ended(): Promise<number | null> {
    if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return child?.exitCode ?? null;
  }

  async function kill(signal: 'SIGTERM' | 'SIGKILL' | 'SIGUSR2' = 'SIGTERM'): Promise<number | null> {
    child?.kill(signal);
    return ended();
  }

  const health = async () => HostHealth.parse((await call(port, '/healthz')).json());

  return {
    contract,
    contractFile,
    dataFolder,
    boot,
    ended,
    kill,
    health,
    port: () => port,
    output: () => lines.join('\n'),
    untilHealth: (status: HostHealth['status']) =>
      until(async () => (await health()).status === status, { what: `the host is ${status}` }),
    call: (path: string, options?: CallOptions) => call(port, path, options),
    visitor: (host?: string) => visitor(() => port, host),
    async remove(): Promise<void> {
      await kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type Machine = Awaited<ReturnType<typeof createMachine>>;
