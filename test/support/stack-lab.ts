import { execFile, execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Connection, createConnection } from 'mongoose';
import type {
  Machine,
  PrivateServerSpec,
  RunnerLine,
  ServerNode,
  StackOutputs,
  StackRequest,
} from '../../src/contracts/stack.ts';
import { newId } from '../../src/runtime/new-id.ts';
import { kinds } from '../../src/stacks/local/cloud-api.ts';
import { machinesOf } from '../../src/stacks/private-server.ts';
import { sessionMembers } from '../../src/stacks/processes.ts';
import { type RunStackOptions, runStack } from '../../src/stacks/runner/run-stack.ts';
import { startDatabase } from './database.ts';
import { startLicenceStandIn } from './licence-stand-in.ts';
import { startCloud, zone } from './small-cloud.ts';
import { until } from './until.ts';

/** Options of an operation's request. */
interface RequestHow {
  recover?: boolean;
  delivered?: boolean;
  finalSnapshot?: StackRequest['finalSnapshot'];
}

/** The part of a state file that the tests read and change. */
interface Checkpoint {
  checkpoint: { latest: { resources: { type: string; id?: string }[]; pending_operations?: unknown[] } };
}

const root = join(import.meta.dirname, '../..');

/** The real engine with a separate small cloud, database and state folder. */
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
    PULUMI_BACKEND_URL: `file://${join(folder, 'state')}?metadata=skip`,
    PULUMI_CONFIG_PASSPHRASE: 'passphrase of the lab',
    MONGODB_URI: database.uri,
    LICENCE_SERVER_URL: licence.url,
    LICENCE_ADMIN_TOKEN: licence.adminToken,
    FREEHOLD_PUBLIC_URL: 'http://127.0.0.1:1',
    LOCAL_CLOUD_URL: cloud.url,
    LOCAL_CLOUD_TOKEN: cloud.token,
    FREEHOLD_RUNNER_ESCALATION_MS: '4000',
  };
  await mkdir(env.TMPDIR!);

  function spec(label: string, change: Partial<PrivateServerSpec> = {}): PrivateServerSpec {
    return {
      instanceId: newId.instance(),
      cloud: 'local',
      region: 'home',
      diskGib: 10,
      hostnames: [`${label}.local.${zone}`],
      nodes: [nodeOf('node-1', 'home-a', [{ name: 'm1', size: 'local-1' }])],
      tags: { 'freehold:plan': 'MAKER' },
      ...change,
    };
  }

  function request(
    kind: StackRequest['kind'],
    server: PrivateServerSpec,
    { recover = false, delivered = false, finalSnapshot = null }: RequestHow = {},
  ): StackRequest {
    const identity = {
      ...{ adminEmail: 'admin@example.org', plan: 'MAKER', licenceId: 'lic_0123456789abcdef' },
      enrolmentGeneration: 0,
    };
    const common = { kind, stack: `inst-${server.instanceId}`, spec: server, recover, delivered };
    if (kind === 'up') return { ...common, identity };
    return kind === 'destroy' ? { ...common, finalSnapshot } : common;
  }

  /** Runs an operation and records its lines. */
  async function run(desired: StackRequest, options: Partial<RunStackOptions> = {}) {
    const lines: RunnerLine[] = [];
    const onLine = (line: RunnerLine) => {
      lines.push(line);
      options.onLine?.(line);
    };
    const outputs = await runStack(desired, { env, ...options, onLine });
    return { outputs: outputs as StackOutputs, lines };
  }

  const nameOf = (server: PrivateServerSpec) => `inst-${server.instanceId}`;
  const pulumiFolder = join(folder, 'state', '.pulumi');
  const stateFile = (server: PrivateServerSpec) => join(pulumiFolder, 'stacks', 'freehold', `${nameOf(server)}.json`);

  /** Names of the engine's own locks of a stack. */
  async function locks(server: PrivateServerSpec): Promise<string[]> {
    const found = await readdir(join(pulumiFolder, 'locks', 'organization', 'freehold', nameOf(server))).catch(
      () => [],
    );
    return found.filter((name) => name.endsWith('.json'));
  }

  /** Ids at the cloud in the state, and the number of its pending operations. */
  async function state(server: PrivateServerSpec): Promise<{ ids: string[]; pending: number }> {
    const { latest } = (JSON.parse(await readFile(stateFile(server), 'utf8')) as Checkpoint).checkpoint;
    const ids = latest.resources.flatMap(({ type, id }) => (id && type.startsWith('freehold-local:') ? [id] : []));
    return { ids: ids.sort(), pending: latest.pending_operations?.length ?? 0 };
  }

  /** Ids of all objects at the cloud with the tag of an instance. */
  async function idsAtCloud(server: PrivateServerSpec): Promise<string[]> {
    const tag = ['freehold:instance', server.instanceId] as const;
    const lists = await Promise.all(kinds.map((kind) => cloud.client.list(kind, { tag })));
    return lists.flatMap((found) => found.map(({ id }) => id)).sort();
  }

  /** Works on the collection of leases. */
  async function withLeases<T>(work: (leases: Leases) => Promise<T>): Promise<T> {
    const connection = await createConnection(database.uri).asPromise();
    try {
      return await work(collectionOfLeases(connection));
    } finally {
      await connection.close();
    }
  }

  return {
    cloud,
    licence,
    database,
    env,
    /** Leaves the lock of an engine that died while holding it. */
    async leaveLock(server: PrivateServerSpec): Promise<void> {
      const locksOf = join(pulumiFolder, 'locks', 'organization', 'freehold', nameOf(server));
      await mkdir(locksOf, { recursive: true });
      const lock = { pid: 1, username: 'somebody', hostname: 'gone', timestamp: '2026-01-01T00:00:00Z' };
      await writeFile(join(locksOf, `${randomUUID()}.json`), JSON.stringify(lock));
    },
    /** Whether the engine has a stack for an instance, or anything else named after it. */
    stacksOf: async (server: PrivateServerSpec) =>
      (await readdir(join(pulumiFolder, 'stacks', 'freehold')).catch(() => [])).filter(
        (name) => name.startsWith(nameOf(server)) && name.endsWith('.json'),
      ),
    /** Folder of the stacks' state files. */
    stateFolder: join(pulumiFolder, 'stacks', 'freehold'),
    spec,
    request,
    run,
    locks,
    state,
    idsAtCloud,
    /** Changes the lease of a stack without its holder's knowledge. */
    changeLease: (server: PrivateServerSpec, change: Partial<LeaseRow>) =>
      withLeases((leases) => leases.updateOne({ _id: nameOf(server) }, { $set: change })),
    lease: (server: PrivateServerSpec) => withLeases((leases) => leases.findOne({ _id: nameOf(server) })),
    readState: (server: PrivateServerSpec) => readFile(stateFile(server), 'utf8'),
    writeState: (server: PrivateServerSpec, text: string) => writeFile(stateFile(server), text),
    /** Resets the state to before it knew any object at the cloud. */
    forgetObjects: (server: PrivateServerSpec, lost?: string) => forgetObjectsIn(stateFile(server), lost),
    /** Starts an up whose host stays in creation, and returns its session. */
    async beginUp(server: PrivateServerSpec, how: { recover?: boolean; delivered?: boolean } = {}) {
      await cloud.faults({ createHostMs: 30_000 });
      const running = run(request('up', server, how));
      running.catch(() => undefined);
      const tag = ['freehold:instance', server.instanceId] as const;
      await until(async () => (await cloud.client.list('hosts', { tag })).length === 1, {
        ...{ limitMs: 30_000, what: 'the host is being made' },
      });
      const lease = await withLeases((leases) => leases.findOne({ _id: nameOf(server) }));
      return { running, sid: lease!.sid };
    },
    /** Runs an operation as soon as nobody else holds the lease. */
    async runWhenFree(desired: StackRequest, limitMs = 60_000) {
      return until(
        () =>
          run(desired).catch((error: unknown) => {
            if (error instanceof Object && 'code' in error && error.code === 'stack_busy') return null;
            throw error;
          }),
        { what: 'the lease is free', limitMs, everyMs: 100 },
      );
    },
    /** Leftovers around a stack, besides the cloud's objects: empty if there are none. */
    async disorder(server: PrivateServerSpec, sessions: number[] = []): Promise<string[]> {
      const expected = [
        ...server.nodes.flatMap(({ name }) => ['addresses address', 'volumes volume'].map((k) => `${k}-${name}`)),
        ...machinesOf(server).map(({ key }) => `hosts host-${key}`),
        ...server.hostnames.map((hostname) => `records record-${hostname}`),
      ].sort();
      const tag = ['freehold:instance', server.instanceId] as const;
      const lists = kinds.map(async (kind) =>
        (await cloud.client.list(kind, { tag })).map(({ tags }) => `${kind} ${tags['freehold:resource']}`),
      );
      const found = (await Promise.all(lists)).flat().sort();
      const [known, ids, left, lease] = await Promise.all([
        state(server),
        idsAtCloud(server),
        locks(server),
        withLeases((leases) => leases.findOne({ _id: nameOf(server) })),
      ]);
      return [
        ...(found.join() === expected.join() ? [] : [`the cloud has ${found}`]),
        ...(known.ids.join() === ids.join() ? [] : [`the state knows ${known.ids}, the cloud has ${ids}`]),
        ...(known.pending === 0 ? [] : [`${known.pending} operations are pending`]),
        ...left.map((name) => `lock ${name} is left`),
        ...(lease?.owner === null && lease.settled ? [] : [`the lease is ${JSON.stringify(lease)}`]),
        ...sessions.flatMap(sessionMembers).map((pid) => `process ${pid} lives`),
      ];
    },
    up: (server: PrivateServerSpec, how: { recover?: boolean; delivered?: boolean } = {}) =>
      run(request('up', server, how)),
    refresh: (server: PrivateServerSpec) => run(request('refresh', server)),
    destroy: (server: PrivateServerSpec, how: Pick<RequestHow, 'finalSnapshot'> = {}) =>
      run(request('destroy', server, { recover: true, ...how })),
    /** How many resources of a cloud and of the engine itself an up would create, update and keep. */
    async preview(server: PrivateServerSpec): Promise<Record<string, number>> {
      const program = join(root, 'test/support/preview-stack.ts');
      const args = ['--disable-warning=ExperimentalWarning', program, JSON.stringify(request('up', server))];
      const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env });
      return JSON.parse(stdout) as Record<string, number>;
    },
    /** The cloud's objects with the tag of an instance, as `kind name`. */
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
    /** The plain CLI with the passphrase, in the project's folder. */
    async pulumi(...args: string[]): Promise<string> {
      const run = promisify(execFile);
      const { PATH, HOME, PULUMI_HOME, PULUMI_BACKEND_URL, PULUMI_CONFIG_PASSPHRASE } = env;
      const quiet = { PULUMI_SKIP_UPDATE_CHECK: 'true' };
      const { stdout } = await run(join(env.PULUMI_ROOT!, 'bin', 'pulumi'), [...args, '--non-interactive'], {
        cwd: join(root, 'src/stacks/project'),
        env: { PATH, HOME, PULUMI_HOME, PULUMI_BACKEND_URL, PULUMI_CONFIG_PASSPHRASE, ...quiet },
        maxBuffer: 64 * 1024 * 1024,
      });
      return stdout;
    },
    /** Work folders that operations left. */
    async leftovers(): Promise<string[]> {
      return (await readdir(env.TMPDIR!)).filter((name) => name.startsWith('freehold-stack-'));
    },
    async close(): Promise<void> {
      await Promise.all([cloud.stop(), licence.stop(), database.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Resets the state in a file to before it knew any object at the cloud, or any whose type ends with `lost`. */
export async function forgetObjectsIn(file: string, lost?: string): Promise<void> {
  const whole = JSON.parse(await readFile(file, 'utf8')) as Checkpoint;
  const { latest } = whole.checkpoint;
  latest.resources = latest.resources.filter(({ type }) =>
    lost === undefined ? /^(pulumi|freehold):/.test(type) : !type.endsWith(lost),
  );
  await writeFile(file, JSON.stringify(whole));
}

type MachineOptions = Pick<Machine, 'name' | 'size'> & Partial<Machine>;

/** A node with these machines, of which the last one serves unless another one is named. */
export function nodeOf(
  name: string,
  zone: string,
  machines: MachineOptions[],
  serving: string | null = machines.at(-1)?.name ?? null,
): ServerNode {
  return { name, zone, machines: machines.map((each) => ({ image: '1.0.0', osImage: null, ...each })), serving };
}

/** The same server with these machines on its first node. */
export function withMachines(
  server: PrivateServerSpec,
  machines: MachineOptions[],
  serving?: string | null,
): PrivateServerSpec {
  const [first, ...others] = server.nodes as [ServerNode, ...ServerNode[]];
  return { ...server, nodes: [nodeOf(first.name, first.zone, machines, serving), ...others] };
}

interface LeaseRow {
  _id: string;
  owner: string | null;
  epoch: number;
  settled: boolean;
  host: string;
  sid: number;
}
type Leases = ReturnType<typeof collectionOfLeases>;
function collectionOfLeases(connection: Connection) {
  return connection.collection<LeaseRow>('stack-leases');
}

export type StackLab = Awaited<ReturnType<typeof openStackLab>>;

/** The role of a process in an operation; undefined if it has none, or is gone. */
export function partOf(pid: number): 'runner' | 'engine' | 'provider' | undefined {
  let args: string;
  try {
    args = execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return undefined;
  }
  if (args.includes('stacks/runner/main.ts')) return 'runner';
  if (args.includes('/pulumi up')) return 'engine';
  return args.includes('local/provider/') ? 'provider' : undefined;
}

function pulumiRoot(): string {
  if (process.env.PULUMI_ROOT) return process.env.PULUMI_ROOT;
  const folder = process.env.PATH?.split(delimiter).find((path) => existsSync(join(path, 'pulumi')));
  if (!folder) throw new Error('No Pulumi CLI for the tests: set PULUMI_ROOT.');
  return dirname(folder);
}
