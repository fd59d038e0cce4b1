import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { homedir, hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

/**
 * The per-user cache of tools: `tools/<name>/<version>-<platform>-<arch>/`, each with a `tool.json` with its source and
 * the size of its program. A folder appears under its name only when it is complete.
 */

const dayMs = 24 * 60 * 60 * 1000;
const platform = `${process.platform}-${process.arch}`;

/** `$XDG_CACHE_HOME/freehold`, by default `~/.cache/freehold`. */
export function cacheRoot() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'freehold');
}

/** The folder of a tool, whether or not it exists. */
function toolFolder({ name, version }) {
  return join(cacheRoot(), 'tools', name, `${version}-${platform}`);
}

/** The manifest of a cached tool, or undefined if it is absent or incomplete. Two stats, no process. */
export function cachedTool({ name, version, program }) {
  const folder = toolFolder({ name, version });
  const manifest = readJson(join(folder, 'tool.json'));
  const path = join(folder, program);
  if (!manifest || !existsSync(path) || statSync(path).size !== manifest.bytes) return undefined;
  return { ...manifest, path, folder };
}

/**
 * Runs `build(folder)` in a private sibling of the tool's folder and renames the result, so that nobody ever sees an
 * incomplete tool. If another process was first, its result stays. `build` returns the tool's source.
 */
export async function installTool({ name, version, program }, build) {
  const target = toolFolder({ name, version });
  await mkdir(dirname(target), { recursive: true });
  await sweepAbandoned(dirname(target));
  const draft = join(dirname(target), `.${hostname()}.${process.pid}.${randomBytes(4).toString('hex')}`);
  await mkdir(draft);
  try {
    const source = await build(draft);
    const bytes = statSync(join(draft, program)).size;
    const manifest = { name, version, platform, source, bytes, installedAt: new Date().toISOString() };
    writeFileSync(join(draft, 'tool.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    if (!cachedTool({ name, version, program })) {
      await removeFolder(target);
      await rename(draft, target).catch((error) => {
        if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      });
    }
  } finally {
    await removeFolder(draft);
  }
  return cachedTool({ name, version, program });
}

/** Renames a folder before removing it, so that it disappears at once for everybody. */
async function removeFolder(folder) {
  if (!existsSync(folder)) return;
  const away = join(dirname(folder), `.${hostname()}.${process.pid}.${randomBytes(4).toString('hex')}`);
  await rename(folder, away);
  await rm(away, { recursive: true, force: true, maxRetries: 5 });
}

/** Drafts whose process has ended (a kill -9, a power cut) are removed. */
async function sweepAbandoned(folder) {
  for (const entry of await readdir(folder)) {
    if (!entry.startsWith('.')) continue;
    const [pid] = entry.slice(1 + hostname().length + 1).split('.');
    const abandoned = entry.startsWith(`.${hostname()}.`)
      ? !isAlive(Number(pid))
      : Date.now() - statSync(join(folder, entry)).mtimeMs > dayMs;
    if (abandoned) await rm(join(folder, entry), { recursive: true, force: true });
  }
}

/** True if a process with this id runs on this machine, whoever owns it. */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** The file for all output of a step's commands. */
export function logFile(name) {
  return join(cacheRoot(), 'logs', `${basename(name)}.log`);
}

/** A "no" (an unreachable address, a failed download) is remembered for a day. */
export function rememberedNo(what) {
  const at = readJson(join(cacheRoot(), 'unreachable.json'))?.[what];
  return at !== undefined && Date.now() - at < dayMs;
}

export function rememberNo(what) {
  update('unreachable.json', (all) => ({ ...all, [what]: Date.now() }));
}

/**
 * The version reported by a program found on PATH; asked again only when the file changes. `ask` returns a string or
 * undefined.
 */
export async function rememberedAnswer(path, ask) {
  const { mtimeMs, size } = statSync(path);
  const key = `${path} ${mtimeMs} ${size}`;
  const known = readJson(join(cacheRoot(), 'answers.json')) ?? {};
  if (key in known) return known[key] ?? undefined;
  const answer = await ask();
  update('answers.json', (all) => ({ ...all, [key]: answer ?? null }));
  return answer;
}

function update(file, change) {
  const path = join(cacheRoot(), file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(change(readJson(path) ?? {}), null, 2)}\n`);
}

/** A file that another process is writing at this moment reads as absent, which costs one more check, nothing else. */
function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
