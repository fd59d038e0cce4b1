import { chmodSync, renameSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { rememberedNo, rememberNo } from '../lib/cache.mjs';
import { run } from '../lib/command.mjs';
import { isReachable } from '../lib/download.mjs';
import { checkNpm, npm } from '../lib/npm.mjs';
import { needsPython, pipInstall } from '../lib/python.mjs';
import { findCached, findNamed, findOnPath, obtainTool } from '../lib/tool.mjs';

const origin = 'https://fastdl.mongodb.org';
const failedDownload = `${origin} mongod`;

/** The database itself, from MongoDB's own downloads. @type {import('../lib/tool.mjs').Tool} */
const mongod = {
  name: 'mongod',
  title: 'MongoDB',
  version: '8.0.15',
  program: 'bin/mongod',
  variable: 'MONGOD_BINARY',
  path: { command: 'mongod', args: ['--version'], pattern: /db version v(\d+\.\d+\.\d+)/, from: '6.0.0' },
  registry: { check: () => checkNpm('MongoDB'), build: downloadMongod },
};

/** This well-maintained library knows which MongoDB build fits which system; it is used only here. */
const downloader = 'mongodb-memory-server-core@11.3.0';

/**
 * A server that speaks MongoDB's protocol, for machines that cannot reach MongoDB's downloads. Later releases of the
 * package no longer contain this program.
 *
 * @type {import('../lib/tool.mjs').Tool}
 */
const secantusdb = {
  name: 'secantusdb',
  title: 'SecantusDB',
  version: '0.6.0b17',
  program: 'secantusdb.scripts/secantusd-rs',
  variable: 'SECANTUSD_BINARY',
  registry: {
    check: needsPython('a database (or put mongod on PATH, or set MONGODB_URI)'),
    build: async (work) => {
      const platforms = {
        'linux-x64': 'manylinux_2_28_x86_64',
        'linux-arm64': 'manylinux_2_28_aarch64',
        'darwin-arm64': 'macosx_14_0_arm64',
      };
      const platform = platforms[`${process.platform}-${process.arch}`];
      const options = ['--python-version', '3.11', '--implementation', 'cp', '--platform', platform];
      const source = await pipInstall({ ...work, options, requirement: `secantusdb==${work.version}` });
      chmodSync(join(work.folder, secantusdb.program), 0o755);
      return source;
    },
  },
};

const candidates = [mongod, secantusdb];

/**
 * The available databases, best first: by variable, on PATH, or in the cache. The platform gets all of them, because a
 * data folder stays with the server that created it.
 */
export async function findDatabases(signal) {
  const found = [];
  for (const look of [findNamed, (tool) => findOnPath(tool, signal), findCached]) {
    for (const tool of candidates) {
      const got = found.some((one) => one.tool === tool) ? undefined : await look(tool);
      if (got) found.push({ tool, ...got });
    }
  }
  return found;
}

export async function prepareDatabase(signal) {
  const tool = (await canDownload(signal)) ? mongod : secantusdb;
  await tool.registry.check(signal);
}

export async function obtainDatabase(context) {
  const { signal } = context;
  if (await canDownload(signal)) {
    try {
      return { tool: mongod, ...(await obtainTool(mongod, context)) };
    } catch (error) {
      if (signal.aborted || error.name !== 'SetupFailure') throw error;
      rememberNo(failedDownload);
    }
  }
  return { tool: secantusdb, ...(await obtainTool(secantusdb, context)) };
}

async function canDownload(signal) {
  return !rememberedNo(failedDownload) && (await isReachable(origin, signal));
}

async function downloadMongod({ folder, step, log, signal, version }) {
  const scratch = join(folder, 'scratch');
  await mkdir(scratch);
  step.progress('fetching the downloader');
  await npm({
    args: ['install', '--prefix', scratch, '--ignore-scripts', '--no-save', '--no-package-lock', downloader],
    what: 'Fetching the MongoDB downloader with npm',
    cwd: scratch,
    step,
    log,
    signal,
  });
  step.progress(`downloading from ${new URL(origin).host}`);
  const script = `const { MongoBinary } = require('mongodb-memory-server-core');
    MongoBinary.getPath({ version: '${version}', downloadDir: process.cwd() }).then((path) => console.log('path=' + path));`;
  const lines = await run({
    command: process.execPath,
    args: ['-e', script],
    env: { ...process.env, MONGOMS_PREFER_GLOBAL_PATH: '0', MONGOMS_SYSTEM_BINARY: '' },
    what: 'Downloading MongoDB',
    cwd: scratch,
    log,
    signal,
  });
  const path = lines.find((line) => line.startsWith('path='))?.slice('path='.length);
  const target = join(folder, mongod.program);
  await mkdir(dirname(target));
  renameSync(path, target);
  rmSync(scratch, { recursive: true });
  return `from ${new URL(origin).host}`;
}
