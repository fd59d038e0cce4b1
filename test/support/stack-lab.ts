import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { newId } from '../../src/contracts/new-id.ts';
import type { PrivateServerSpec, RunnerLine, StackOutputs, StackRequest } from '../../src/contracts/stack.ts';
import { kinds } from '../../src/stacks/local/cloud-api.ts';
import { type RunStackOptions, runStack } from '../../src/stacks/runner/run-stack.ts';
import { startDatabase } from './database.ts';
import { startLicenceStandIn } from './licence-stand-in.ts';
import { startCloud, zone } from './small-cloud.ts';

const root = join(import.meta.dirname, '../..');

/** The real engine with a small cloud, a database and a state folder of its own. */
export async function openStackLab() {
  const [cloud, licence, database, folder] = await Promise.all([
    startCloud(),
    startLicenceStandIn(),
    startDatabase(),
    mkdtemp(join(tmpdir(), 'freehold-lab-')),
  ]);
  await mkdir(join(folder, 'state'));
  const env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    TMPDIR: join(folder, 'tmp'),
    NODE_COMPILE_CACHE: join(tmpdir(), 'freehold-compile-cache'),
    PULUMI_ROOT: pulumiRoot(),
    PULUMI_HOME: join(folder, 'home'),
    PULUMI_BACKEND_URL: `file://${join(folder, 'state')}`,
    PULUMI_CONFIG_PASSPHRASE: 'passphrase of the lab',
    MONGODB_URI: database.uri,
    LICENCE_SERVER_URL: licence.url,
    LICENCE_ADMIN_TOKEN: licence.adminToken,
    LOCAL_CLOUD_URL: cloud.url,
    LOCAL_CLOUD_TOKEN: cloud.token,
    FREEHOLD_RUNNER_LADDER_MS: '4000',
  };
  await mkdir(env.TMPDIR!);

  function spec(label: string, change: Partial<PrivateServerSpec> = {}): PrivateServerSpec {
    return {
      instanceId: newId.instance(),
      cloud: 'local',
      region: 'home',
      size: 'local-1',
      diskGib: 10,
      image: '1.0.0',
      hostnames: [`${label}.local.${zone}`],
      nodes: [{ name: 'node-1', zone: 'home-a' }],
      tags: { 'freehold:plan': 'MAKER' },
      ...change,
    };
  }

  function request(kind: StackRequest['kind'], server: PrivateServerSpec, recover = false): StackRequest {
    const identity = {
      ...{ adminEmail: 'admin@example.org', plan: 'MAKER', licenceId: 'lic_0123456789abcdef' },
      enrolmentGeneration: 0,
    };
    const common = { kind, stack: `inst-${server.instanceId}`, spec: server, recover };
    return kind === 'up' ? { ...common, identity } : common;
  }

  /** Runs an operation and keeps its lines. */
  async function run(wish: StackRequest, options: Partial<RunStackOptions> = {}) {
    const lines: RunnerLine[] = [];
    const onLine = (line: RunnerLine) => {
      lines.push(line);
      options.onLine?.(line);
    };
    const outputs = await runStack(wish, { env, ...options, onLine });
    return { outputs: outputs as StackOutputs, lines };
  }

  return {
    cloud,
    licence,
    database,
    env,
    spec,
    request,
    run,
    up: (server: PrivateServerSpec, recover = false) => run(request('up', server, recover)),
    refresh: (server: PrivateServerSpec) => run(request('refresh', server)),
    destroy: (server: PrivateServerSpec) => run(request('destroy', server, true)),
    /** What the cloud has under the tag of an instance, as `kind name`. */
    async owned(server: PrivateServerSpec): Promise<string[]> {
      const tag = ['freehold:instance', server.instanceId] as const;
      const lists = kinds.map(async (kind) => {
        const found = await cloud.client.list(kind, { tag });
        return found.map(({ tags }) => `${kind} ${tags['freehold:resource']}`);
      });
      return (await Promise.all(lists)).flat();
    },
    async hosts(server: PrivateServerSpec) {
      return cloud.client.list('hosts', { tag: ['freehold:instance', server.instanceId] });
    },
    /** The plain CLI, as an operator types it in the checkout. */
    async pulumi(...args: string[]): Promise<string> {
      const run = promisify(execFile);
      const { PATH, HOME, PULUMI_HOME, PULUMI_BACKEND_URL, PULUMI_CONFIG_PASSPHRASE } = env;
      const quiet = { PULUMI_SKIP_UPDATE_CHECK: 'true' };
      const { stdout } = await run(join(env.PULUMI_ROOT!, 'bin', 'pulumi'), [...args, '--non-interactive'], {
        cwd: root,
        env: { PATH, HOME, PULUMI_HOME, PULUMI_BACKEND_URL, PULUMI_CONFIG_PASSPHRASE, ...quiet },
        maxBuffer: 64 * 1024 * 1024,
      });
      return stdout;
    },
    /** Work folders that operations left behind. */
    async leftovers(): Promise<string[]> {
      return (await readdir(env.TMPDIR!)).filter((name) => name.startsWith('freehold-stack-'));
    },
    async close(): Promise<void> {
      await Promise.all([cloud.stop(), licence.stop(), database.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type StackLab = Awaited<ReturnType<typeof openStackLab>>;

function pulumiRoot(): string {
  if (process.env.PULUMI_ROOT) return process.env.PULUMI_ROOT;
  const folder = process.env.PATH?.split(delimiter).find((path) => existsSync(join(path, 'pulumi')));
  if (!folder) throw new Error('No Pulumi CLI for the tests: set PULUMI_ROOT.');
  return dirname(folder);
}
