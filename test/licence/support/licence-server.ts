import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import type { AccountRole } from '../../../src/licence/protocol/account.ts';
import type { EnrolmentAnswer, IssueLicence, LicenceView, PlanData } from '../../../src/licence/protocol/admin.ts';
import { LicenceProblem } from '../../../src/licence/protocol/problem.ts';
import { VerdictClaims } from '../../../src/licence/protocol/verdict.ts';
import { startDatabase } from '../../support/database.ts';
import { createAccountService } from './account-service.ts';

const main = join(import.meta.dirname, '../../../src/licence/server/main.ts');
export const adminToken = 'test-administrator-token';
export const product = 'freehold-server';

export interface Reply<T = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: T;
}

/** A licence server as a separate process. */
export interface ServerProcess {
  url: string;
  /** All its output so far. */
  output(): string;
  kill(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
}

/** Limits that let a test ask as often as it likes; the tests of the limits leave them out. */
const generous = {
  LICENCE_REQUESTS_PER_10S: '100000',
  LICENCE_FAILURES_PER_MINUTE: '100000',
  LICENCE_ACTIVATIONS_PER_HOUR: '100000',
  LICENCE_DEACTIVATIONS_PER_HOUR: '100000',
  LICENCE_CHECKS_PER_MINUTE: '100000',
  LICENCE_CHECK_BURST: '100000',
};

export async function startServerProcess(environment: Record<string, string>): Promise<ServerProcess> {
  const child: ChildProcess = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main], {
    env: {
      PATH: process.env.PATH ?? '',
      ...(process.env.NODE_COMPILE_CACHE ? { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE } : {}),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const exited = once(child, 'exit').then(() => child.exitCode);
  const listening = new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream as NodeJS.ReadableStream }).on('line', (line) => {
        lines.push(line);
        if (line.startsWith('{"listening"')) resolve((JSON.parse(line) as { listening: string }).listening);
      });
    }
    void exited.then(() => reject(new Error(`The licence server ended:\n${lines.join('\n')}`)));
  });
  const url = await listening;
  return {
    url,
    output: () => lines.join('\n'),
    async kill(signal) {
      child.kill(signal);
      return exited;
    },
  };
}

/** A database and licence servers on it, with the calls that tests make. */
export async function startLicenceWorld(environment: Record<string, string> = generous) {
  const database = await startDatabase();
  const accounts = createAccountService();
  const folder = await mkdtemp(join(tmpdir(), 'freehold-licence-'));
  const servers: ServerProcess[] = [];
  const base = {
    LICENCE_MONGODB_URI: database.uri,
    LICENCE_ADMIN_TOKEN: adminToken,
    LICENCE_KEYS_FILE: join(folder, 'keys', 'licence.json'),
    LICENCE_CHECK_ANSWERS: 'true',
    LICENCE_ACCOUNT_JWKS: JSON.stringify(accounts.publicKeys),
    LICENCE_ACCOUNT_ISSUER: accounts.issuer,
  };
  let url = '';

  async function start(more: Record<string, string> = {}): Promise<ServerProcess> {
    const server = await startBeside(more);
    url = server.url;
    return server;
  }

  /** One more server on the same database; calls still go to the previous one. */
  async function startBeside(more: Record<string, string> = {}): Promise<ServerProcess> {
    const server = await startServerProcess({ ...base, ...environment, ...more });
    servers.push(server);
    return server;
  }

  async function call<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
    at = url,
  ): Promise<Reply<T>> {
    const response = await fetch(at + path, {
      method,
      headers: { 'Content-Type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const parsed = text === '' ? undefined : JSON.parse(text);
    // Whatever a test checks: every refusal fits the schema.
    if (response.status >= 400) LicenceProblem.parse(parsed);
    return { status: response.status, headers: response.headers, body: parsed as T };
  }

  const admin = <T = Record<string, unknown>>(method: string, path: string, body?: unknown, more = {}, at = url) =>
    call<T>(method, `/v1/admin${path}`, body, { Authorization: `Bearer ${adminToken}`, ...more }, at);

  /** A call of the licence portal by a member of an account. */
  const me = async <T = Record<string, unknown>>(
    member: { account: string; role?: AccountRole | AccountRole[]; sub?: string },
    method: string,
    path: string,
    body?: unknown,
    more: Record<string, string> = {},
    at = url,
  ) => call<T>(method, `/v1/me${path}`, body, { Authorization: `Bearer ${await accounts.token(member)}`, ...more }, at);

  async function putPlan(plan: string, data: Partial<PlanData> | Record<string, unknown> = {}, of = product) {
    await admin('PUT', `/products/${of}`, { name: of });
    return admin('PUT', `/products/${of}/plans/${plan}`, { name: plan, limits: {}, ...data });
  }

  async function issue(
    request: Partial<IssueLicence> = {},
    idempotencyKey: string = randomUUID(),
  ): Promise<LicenceView & { licenseKey: string }> {
    const body = {
      product,
      plan: 'MAKER',
      externalRef: `i-${randomUUID()}`,
      standing: { standing: 'current', revision: 1 },
      revealKey: true,
      ...request,
    };
    const reply = await admin<LicenceView & { licenseKey: string }>('POST', '/licenses', body, {
      'Idempotency-Key': idempotencyKey,
    });
    if (reply.status >= 300) throw new Error(JSON.stringify(reply.body));
    return reply.body;
  }

  const view = async (licenseId: string) => (await admin<LicenceView>('GET', `/licenses/${licenseId}`)).body;

  async function enrol(licenseId: string, nodeName = 'n1', generation = 1): Promise<EnrolmentAnswer> {
    return (await admin<EnrolmentAnswer>('POST', '/enrollments', { licenseId, nodeName, generation })).body;
  }

  const activate = (licenseKey: string, more: Record<string, unknown> = {}, at = url) =>
    call<{ instanceId: string; secret: string; license: string; code: string; detail: string }>(
      'POST',
      '/v1/activations',
      {
        licenseKey,
        activationId: randomUUID(),
        product,
        version: '1.0.0',
        node: { name: `n-${randomUUID()}` },
        bootId: 'boot-1',
        ...more,
      },
      {},
      at,
    );

  const check = (instanceId: string, body: Record<string, unknown>, at = url) =>
    call<{
      secret: string;
      license: string;
      planChanged: boolean;
      notices: { code: string }[];
      code: string;
      verdict: string;
      detail: string;
    }>('POST', `/v1/instances/${instanceId}/check`, { requestId: randomUUID(), bootId: 'boot-1', ...body }, {}, at);

  /** Claims of a verdict, verified with the published keys. */
  async function claimsOf(jws: string): Promise<VerdictClaims> {
    const keys = (await call<JSONWebKeySet>('GET', '/.well-known/license-keys.json')).body;
    const { payload } = await jwtVerify(jws, createLocalJWKSet(keys), {
      algorithms: ['EdDSA'],
      typ: 'lic+jws',
      audience: product,
      issuer: 'urn:freehold:licence',
    });
    return VerdictClaims.parse(payload);
  }

  async function stop(): Promise<void> {
    await Promise.all(servers.map((server) => server.kill('SIGTERM')));
    await database.stop();
    await rm(folder, { recursive: true, force: true });
  }

  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  await putPlan('MAKER');
  return {
    database,
    folder,
    /** Environment of every server of this world. */
    environment: { ...base, ...environment },
    url: () => url,
    server: () => servers.at(-1) as ServerProcess,
    start,
    startBeside,
    call,
    admin,
    accounts,
    me,
    putPlan,
    issue,
    view,
    enrol,
    activate,
    check,
    claimsOf,
    stop,
  };
}

export type LicenceWorld = Awaited<ReturnType<typeof startLicenceWorld>>;
