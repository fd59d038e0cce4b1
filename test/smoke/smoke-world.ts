import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { z } from 'zod';
import { doublesEnvironment } from '../../emulators/clouds/environment.ts';
import { schemaOf } from '../../emulators/clouds/schema/schema-of.ts';
import { tableOf } from '../../emulators/clouds/tables.ts';
import type { Summary } from '../../smoke/report.ts';
import type { BilledCloud } from '../../src/domain/catalogue/cloud-costs.ts';
import { startCloud, startEdge, zone } from '../support/small-cloud.ts';
import { until } from '../support/until.ts';

const main = join(import.meta.dirname, '../../smoke/main.ts');

/** What the toolchain names and any command needs; nothing of the caller's accounts. */
const kept = [
  ...['PATH', 'LANG', 'NODE_COMPILE_CACHE', 'PULUMI_ROOT', 'TEMPORAL_CLI'],
  ...['MONGODB_URI', 'MONGOD_BINARY', 'SECANTUSD_BINARY', 'SECANTUSD'],
];

/** A folder of its own in which `npm run smoke` runs as a process, with no cloud and no account. */
export async function openSmokeFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'freehold-smoke-'));
  await mkdir(join(folder, 'tmp'));
  const given = Object.fromEntries(kept.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
  const env: NodeJS.ProcessEnv = {
    ...given,
    ...{ HOME: folder, TMPDIR: join(folder, 'tmp'), FREEHOLD_STATE_DIR: join(folder, 'state') },
    // Nobody's machine has a role, as far as the SDKs are told.
    ...{ AWS_EC2_METADATA_DISABLED: 'true', METADATA_SERVER_DETECTION: 'none' },
  };

  /** Starts the command; `ended` has its exit code, the summary of `--json` and all that it showed. */
  function start(...args: string[]) {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, '--json', ...args], {
      env,
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
    const ended = once(child, 'close').then(([code]) => ({
      ...{ code: code as number | null, shown },
      summary: out === '' ? undefined : (JSON.parse(out) as Summary),
    }));
    return { child, ended, shown: () => shown };
  }

  return {
    folder,
    env,
    start,
    run: (...args: string[]) => start(...args).ended,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The same with the doubles of the clouds in the place of accounts. */
export async function openSmokeWorld() {
  const smoke = await openSmokeFolder();
  const cloud = await startCloud();
  const edge = await startEdge(cloud);
  const cacheFolder = `${process.env.TMPDIR || '/tmp'}/freehold-doubles`;
  Object.assign(
    smoke.env,
    doublesEnvironment({ cloudUrl: cloud.url, path: smoke.env.PATH ?? '', cacheFolder }),
    { LOCAL_CLOUD_URL: cloud.url, LOCAL_CLOUD_TOKEN: cloud.token },
    { FREEHOLD_BASE_DOMAIN: zone, FREEHOLD_HOST_PORT: new URL(edge.url).port },
    { FREEHOLD_DNS_SERVER: edge.dns, FREEHOLD_CA_FILE: edge.ca },
    { FREEHOLD_RUNNER_ESCALATION_MS: '4000' },
  );

  return {
    ...smoke,
    /** Reads the schema by which a cloud's double checks inputs, so that no run waits for it. */
    prepare: (name: BilledCloud) => schemaOf(tableOf(name), smoke.env),
    /** Everything that a cloud's double has, whatever tags it has. */
    async objects(name: BilledCloud): Promise<{ type: string; id: string }[]> {
      const { body } = await cloud.call('GET', `/v1/doubles/${name}/objects`);
      return z.array(z.object({ type: z.string(), id: z.string() })).parse(body);
    },
    async fault(name: BilledCloud, fault: object): Promise<void> {
      expect((await cloud.call('POST', `/v1/doubles/${name}/faults`, fault)).status).toBe(200);
    },
    clearFaults: (name: BilledCloud) => cloud.call('DELETE', `/v1/doubles/${name}/faults`),
    async close(): Promise<void> {
      await edge.stop();
      await cloud.stop();
      await smoke.remove();
    },
    until,
  };
}

export type SmokeWorld = Awaited<ReturnType<typeof openSmokeWorld>>;

/** The checks of the first cloud of a run, by what they are about. */
export function resultsOf(summary: Summary | undefined): Record<string, string> {
  return Object.fromEntries(summary!.clouds[0]!.checks.map(({ what, result }) => [what, result]));
}

/** Longest that a run at a double may take on a busy machine, ms. */
export const timeoutMs = 600_000;
