import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { isAlive } from './cache.mjs';

const heartbeatMs = 5_000;
const staleMs = 30_000;
const pollMs = 500;

/**
 * Runs `work` while holding the lock file, so that two set-ups do not do the same long work twice. The holder touches
 * the file every 5 s; a lock whose process is gone, or that was not touched for 30 s, is taken over. It saves work but
 * does not guarantee correctness: results appear by rename, whoever makes them.
 */
export async function withLock({ path, signal, onWait }, work) {
  mkdirSync(dirname(path), { recursive: true });
  while (!take(path)) {
    signal.throwIfAborted();
    if (isStale(path)) {
      const aside = `${path}.${process.pid}`;
      try {
        renameSync(path, aside);
        rmSync(aside);
      } catch (error) {
        if (error.code !== 'ENOENT') throw error;
      }
      continue;
    }
    onWait(holder(path)?.pid);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  const heartbeat = setInterval(() => {
    if (holder(path)?.pid === process.pid) utimesSync(path, new Date(), new Date());
  }, heartbeatMs);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    if (holder(path)?.pid === process.pid) rmSync(path, { force: true });
  }
}

/** The lock appears atomically, by link: nobody can read an empty one. */
function take(path) {
  const draft = `${path}.${process.pid}.draft`;
  writeFileSync(draft, JSON.stringify({ pid: process.pid, host: hostname() }));
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function holder(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function isStale(path) {
  const by = holder(path);
  if (by?.host === hostname() && !isAlive(by.pid)) return true;
  try {
    return Date.now() - statSync(path).mtimeMs > staleMs;
  } catch {
    return false;
  }
}
