import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { homedir, hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

/**
 * The per-user cache of tools: `tools/<name>/<version>-<platform>-<arch>/`, each with a `tool.json` that says what it
 * is and how large its program must be. A folder appears under its name only when it is complete.
 */

const dayMs = 24 * 60 * 60 * 1000;
const platform = `${process.platform}-${process.arch}`;

/** `$XDG_CACHE_HOME/freehold`, by default `~/.cache/freehold`. */
export function cacheRoot() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'freehold');
}

/** Where a tool lies, or would lie. */
function toolFolder({ name, version }) {
  return join(cacheRoot(), 'tools', name, `${version}-${platform}`);
}

/** The manifest of a cached tool, or undefined when it is absent or not whole. Two stats, no process. */
export function cachedTool({ name, version, program }) {
  const folder = toolFolder({ name, version });
  const manifest = readJson(join(folder, 'tool.json'));
  const path = join(folder, program);
  if (!manifest || !existsSync(path) || statSync(path).size !== manifest.bytes) return undefined;
  return { ...manifest, path, folder };
}

/**
 * Runs `build(folder)` in a private sibling of the tool's folder and gives the result its name in one rename, so that
 * nobody ever sees half a tool. When somebody else was first, theirs stays. `build` returns where the tool came from.
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

/** Removes a folder by way of another name, so that it is gone at once for everybody who looks. */
async function removeFolder(folder) {
  if (!existsSync(folder)) return;
  const away = join(dirname(folder), `.${hostname()}.${process.pid}.${randomBytes(4).toString('hex')}`);
  await rename(folder, away);
  await rm(away, { recursive: true, force: true, maxRetries: 5 });
}

/** Drafts whose process has ended (a kill -9, a power cut) are litter. */
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

/** True when a process of this id runs on this machine, whoever owns it. */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** The file that takes everything a step's commands write. */
export function logFile(name) {
  return join(cacheRoot(), 'logs', `${basename(name)}.log`);
}

/** A "no" (an address that cannot be reached, a download that failed) holds for a day. */
export function rememberedNo(what) {
  const at = readJson(join(cacheRoot(), 'unreachable.json'))?.[what];
  return at !== undefined && Date.now() - at < dayMs;
}

export function rememberNo(what) {
  update('unreachable.json', (all) => ({ ...all, [what]: Date.now() }));
}

/**
 * What a program found on PATH said about itself; asked again only when the file changes. `ask` returns a string or
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

/** A file that another process is writing at this moment reads as absent, which costs one more look, nothing else. */
function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
