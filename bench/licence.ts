import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { retryDelay } from '../src/licence/client/schedule.ts';
import { createContext, type ServerContext } from '../src/licence/server/context.ts';
import { secretHash } from '../src/licence/server/keys/keys.ts';
import { issueLicence } from '../src/licence/server/licences/licences-admin.ts';
import { putPlan, putProduct } from '../src/licence/server/products/products-admin.ts';
import { readSettings } from '../src/licence/server/settings.ts';
import { type Activation, nodeKey } from '../src/licence/server/store/activations.ts';
import { createLog } from '../src/runtime/log.ts';
import { startDatabase } from '../test/support/database.ts';
import { inParallel, median, quantile } from './statistics.ts';

const connections = 64;
const licences = 100;
/** Activations in the database, and documents of the bare endpoint. */
const documents = 1_000;
const warmUp = 1_000;
const requests = 2_000;
const turns = 3;
const activationsPerTurn = 300;
const startUps = 5;
const stormClients = 10_000;
/** One second of the simulation represents this many. */
const stormScale = 10;

const product = 'bench';
const plan = 'BENCH';

/**
 * `npm run bench -- licence`: checks, activations and validations per second with 64 connections, compared with a bare
 * endpoint on the same database (bare-licence.ts), alternating in one run so that both see the same machine; 10,000
 * clients that reconnect after an outage; start-up time.
 */
export async function benchLicence(): Promise<void> {
  const database = await startDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'freehold-bench-licence-'));
  const environment = {
    LICENCE_MONGODB_URI: database.uri,
    LICENCE_ADMIN_TOKEN: randomBytes(16).toString('hex'),
    LICENCE_KEYS_FILE: join(folder, 'licence.json'),
    // One machine simulates all clients: the per-address limits are raised, nothing is switched off.
    LICENCE_REQUESTS_PER_10S: '10000000',
    LICENCE_ACTIVATIONS_PER_HOUR: '10000000',
    LICENCE_CHECKS_PER_MINUTE: '10000000',
    LICENCE_CHECK_BURST: '10000000',
  };
  const processes: RunningProcess[] = [];
  const start = async (file: string, more: Record<string, string> = {}) => {
    const started = await startProcess(file, { ...environment, ...more });
    processes.push(started);
    return started;
  };
  const context = await createContext(readSettings(environment), createLog('bench'));
  try {
    say(
      `load of the machine before: ${loadavg()
        .map((each) => each.toFixed(1))
        .join(' ')}`,
    );
    const startMs: number[] = [];
    for (let round = 0; round < startUps; round += 1) {
      const server = await start(licenceServer);
      startMs.push(server.startMs);
      await server.stop();
    }
    const server = await start(licenceServer);
    const bare = await start(bareEndpoint, { BENCH_DOCUMENTS: String(documents) });
    const owners = await issueLicences(context, licences, documents / licences);
    const nodes = await seedActivations(context, owners, documents);
    const toBare = createCaller(bare.url);
    const toServer = createCaller(server.url);

    const rounds = Array.from({ length: documents }, () => 0);
    const bareOnce = async (index: number) => {
      const at = index % documents;
      const body = { id: `document-${at}`, ...checkBody(randomBytes(32).toString('base64url')), round: rounds[at] };
      rounds[at] = ((await toBare.post('/', body)) as { round: number }).round;
    };
    const checkOnce = (index: number) => checkNode(toServer, nodes[index % documents]!);
    const validateOnce = (index: number) =>
      toServer.post('/v1/licenses/validate', { licenseKey: owners[index % licences]!.licenceKey, product });
    let activated = 0;
    const activateOnce = () => {
      activated += 1;
      const { licenceKey } = owners[activated % licences]!;
      const node = { name: `activated-${activated}`, fingerprint: 'bench', hostname: 'bench' };
      const request = { activationId: randomUUID(), product, version: '1.0.0', node, bootId: 'boot-1' };
      return toServer.post('/v1/activations', { licenseKey: licenceKey, ...request });
    };

    say(`${connections} connections, ${licences} licences, ${documents} activations, ${turns} turns of ${requests}`);
    const loads = { bare: bareOnce, check: checkOnce, validate: validateOnce, activate: activateOnce };
    const taken = { bare: newSeries(), check: newSeries(), validate: newSeries(), activate: newSeries() };
    for (const once of [bareOnce, checkOnce, validateOnce]) await inParallel<unknown>(warmUp, connections, once);
    for (let turn = 0; turn < turns; turn += 1) {
      for (const name of ['bare', 'check', 'validate', 'activate'] as const) {
        await run(taken[name], name === 'activate' ? activationsPerTurn : requests, loads[name]);
      }
    }
    for (const name of ['bare', 'check', 'validate', 'activate'] as const) say(describe(name, taken[name], taken.bare));
    say(
      `start-up                 median ${median(startMs).toFixed(0)} ms, worst ${Math.max(...startMs).toFixed(0)} ms`,
    );

    await storm(context, toServer);
    say(
      `load of the machine after: ${loadavg()
        .map((each) => each.toFixed(1))
        .join(' ')}`,
    );
    await Promise.all([toBare.close(), toServer.close()]);
  } finally {
    await context.db.close();
    for (const each of processes) await each.stop();
    await database.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const licenceServer = join(import.meta.dirname, '../src/licence/server/main.ts');
const bareEndpoint = join(import.meta.dirname, 'bare-licence.ts');

interface RunningProcess {
  url: string;
  startMs: number;
  stop(): Promise<void>;
}

async function startProcess(file: string, environment: Record<string, string>): Promise<RunningProcess> {
  const began = performance.now();
  const child: ChildProcess = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file], {
    env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const first = await Promise.race([once(lines, 'line'), exited.then(() => null)]);
  if (first === null) throw new Error(`${file} ended before it answered`);
  const { listening: url } = JSON.parse(String(first[0])) as { listening: string };
  lines.on('line', () => {});
  return {
    url,
    startMs: performance.now() - began,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** Posts JSON over at most 64 keep-alive connections; throws for every answer that is not a success. */
function createCaller(url: string) {
  const pool = new Pool(url, { connections, pipelining: 1 });
  return {
    async ask(path: string, body: unknown): Promise<{ status: number; body: Record<string, string> }> {
      const headers = { 'content-type': 'application/json' };
      const answer = await pool.request({ method: 'POST', path, headers, body: JSON.stringify(body) });
      return { status: answer.statusCode, body: (await answer.body.json()) as Record<string, string> };
    },
    async post(path: string, body: unknown): Promise<Record<string, unknown>> {
      const answer = await this.ask(path, body);
      if (answer.status >= 300) throw new Error(`${path} answered ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body;
    },
    close: () => pool.close(),
  };
}
type Caller = ReturnType<typeof createCaller>;

interface Owner {
  licenceId: string;
  licenceKey: string;
}

async function issueLicences(context: ServerContext, count: number, seats: number): Promise<Owner[]> {
  const by = { actor: 'bench', requestId: 'req_bench' };
  await putProduct(context, product, { name: product }, by);
  const check = { intervalSec: 3600, graceSec: 86_400, jitterPct: 10 };
  const data = { name: plan, limits: { users: 5 }, features: {}, addOns: {}, check, enforcement: 'readonly' as const };
  await putPlan(context, { product, plan }, data, by);
  return inParallel(count, 8, async () => {
    const { licence, licenceKey } = await issueLicence(
      context,
      {
        ...{ product, plan, externalRef: 'bench', addOns: {}, limits: {}, features: {}, revealKey: true },
        // Seats for the measured activations.
        seats: seats + activationsPerTurn * turns,
        developmentSeats: 0,
        standing: { standing: 'current', revision: 1, paidUntil: null, endsAt: null },
      },
      { ...by, idempotencyKey: randomUUID() },
    );
    return { licenceId: licence._id, licenceKey: licenceKey as string };
  });
}

interface Node {
  id: string;
  secret: string;
}

/** Nodes as activation leaves them, written directly to save time. */
async function seedActivations(context: ServerContext, owners: Owner[], count: number): Promise<Node[]> {
  const { keys, db } = context;
  const at = new Date();
  const keyId = keys.rotationKeyId;
  const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
  const made = Array.from({ length: count }, (_, index) => {
    const id = `act_${Array.from(randomBytes(16), (byte) => alphabet[byte & 31]).join('')}`;
    const requestId = randomUUID();
    const secret = keys.rotatedSecret({ keyId, activationId: id, seq: 0, requestId });
    const node = { name: `node-${id}`, fingerprint: 'bench', hostname: 'bench' };
    const activation: Activation = {
      ...{ _id: id, licenceId: owners[index % owners.length]!.licenceId, product, chosenId: requestId },
      ...{ mode: 'production', node, nodeKey: nodeKey(node), bootId: 'boot-1', version: '1.0.0', status: 'active' },
      secret: { hash: secretHash(secret), seq: 0, requestId, keyId },
      ...{ previous: null, lastRoundReplayed: false, history: [], boots: ['boot-1'] },
      ...{ leaseUntil: new Date(at.getTime() + 86_400_000), createdAt: at, activatedAt: at, endedAt: null },
      ...{ firstCheckAt: null, lastCheckAt: null, planRevSent: 1, usage: {}, recoveries: [], cloneSuspectedAt: null },
    };
    return { activation, secret };
  });
  for (let from = 0; from < made.length; from += 500) {
    await db.activations.model.insertMany(made.slice(from, from + 500).map(({ activation }) => activation));
  }
  const byLicence = Map.groupBy(made, ({ activation }) => activation.licenceId);
  for (const [licenceId, seated] of byLicence) {
    const seats = seated.map(({ activation }) => ({ activationId: activation._id, mode: 'production' as const }));
    await db.licences.model.updateOne({ _id: licenceId }, { $push: { seats: { $each: seats } } });
  }
  return made.map(({ activation, secret }) => ({ id: activation._id, secret }));
}

function checkBody(secret: string) {
  return {
    ...{ secret, requestId: randomUUID(), bootId: 'boot-1', version: '1.0.0' },
    ...{ clientTime: new Date().toISOString(), nonce: randomUUID(), usage: { users: 3 } },
  };
}

async function checkNode(to: Caller, node: Node): Promise<void> {
  node.secret = (await to.post(`/v1/instances/${node.id}/check`, checkBody(node.secret))).secret as string;
}

interface Series {
  latencies: number[];
  wallMs: number;
}
const newSeries = (): Series => ({ latencies: [], wallMs: 0 });

async function run(series: Series, count: number, once: (index: number) => Promise<unknown>): Promise<void> {
  const began = performance.now();
  await inParallel(count, connections, async (index) => {
    const startedAt = performance.now();
    await once(index);
    series.latencies.push(performance.now() - startedAt);
  });
  series.wallMs += performance.now() - began;
}

const perSecond = ({ latencies, wallMs }: Series) => (latencies.length * 1000) / wallMs;

function describe(name: string, series: Series, bare: Series): string {
  const ms = (share: number) => `${quantile(series.latencies, share).toFixed(1)} ms`;
  const speed = `${perSecond(series).toFixed(0)}/s`.padStart(7);
  const figures = `${name.padEnd(16)} ${speed}  p50 ${ms(0.5)}  p99 ${ms(0.99)}`;
  return series === bare ? figures : `${figures}  ratio ${(perSecond(series) / perSecond(bare)).toFixed(2)}`;
}

/**
 * 10,000 nodes were disconnected for so long that they retry every ten minutes; now the server is back. Each comes when
 * the client library would retry next, gets an answer or retries as it would, and all times are scaled.
 */
async function storm(context: ServerContext, to: Caller): Promise<void> {
  const owners = await issueLicences(context, licences, stormClients / licences);
  const nodes = await seedActivations(context, owners, stormClients);
  const limits = { firstMs: 30_000, maxMs: 600_000, intervalMs: 3_600_000, retryAfterMs: 0 };
  const latencies: number[] = [];
  let locked = 0;
  let unanswered = 0;
  let last = 0;
  const began = performance.now();
  await Promise.all(
    nodes.map(async (node) => {
      // The position of each in its retry delay when the server comes back.
      await delay((retryDelay(10, limits, Math.random()) * Math.random()) / stormScale);
      for (let failures = 1; ; failures += 1) {
        const startedAt = performance.now();
        const answer = await to
          .ask(`/v1/instances/${node.id}/check`, checkBody(node.secret))
          .catch(() => ({ status: 0, body: {} as Record<string, string> }));
        if (answer.status === 200) {
          last = performance.now() - began;
          latencies.push(performance.now() - startedAt);
          return;
        }
        if (answer.body.verdict !== undefined) locked += 1;
        unanswered += 1;
        await delay(retryDelay(failures, limits, Math.random()) / stormScale);
      }
    }),
  );
  const figures = `p50 ${quantile(latencies, 0.5).toFixed(1)} ms, p99 ${quantile(latencies, 0.99).toFixed(1)} ms`;
  say(
    `storm of ${latencies.length} clients: the last one answered after ${(last / 1000).toFixed(1)} s ` +
      `(time scaled ${stormScale} times), ${figures}, retried ${unanswered}, false locks ${locked}`,
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
