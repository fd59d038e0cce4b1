import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheRoot, logFile } from '../lib/cache.mjs';
import { withLock } from '../lib/lock.mjs';
import { checkNpm, npm } from '../lib/npm.mjs';

const title = 'Dependencies';

/**
 * The project's npm packages, including a headless Chromium for the browser tests. Present if the stamp in
 * `node_modules` has the hash of the lock file, or if npm's own record of the installation equals it.
 */
export function dependenciesArePresent(root) {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const hash = hashOf(lock);
  if (read(stampPath(root)) === hash) return true;
  const installed = read(join(root, 'node_modules', '.package-lock.json'));
  if (!installed || !isInstalled(JSON.parse(lock).packages, JSON.parse(installed).packages)) return false;
  writeFileSync(stampPath(root), hash);
  return true;
}

/** Throws the one clear sentence when npm is missing. */
export const prepareDependencies = () => checkNpm('the dependencies');

/** `npm ci`, one at a time per checkout. */
export async function installDependencies(root, { report, signal }) {
  const step = report.step(title);
  const log = logFile('dependencies');
  const lock = readFileSync(join(root, 'package-lock.json'));
  const expected = countForThisPlatform(JSON.parse(lock).packages);
  rmSync(log, { force: true });
  try {
    await withLock(
      {
        path: join(cacheRoot(), 'locks', `dependencies-${hashOf(root).slice(0, 12)}.lock`),
        signal,
        onWait: (pid) => step.progress(`waiting for another set-up (process ${pid}) that is installing them`),
      },
      async () => {
        if (dependenciesArePresent(root)) return;
        const fetched = new Set();
        step.progress('npm ci');
        await npm({
          args: ['ci', '--include=dev'],
          what: 'Installing the dependencies (npm ci)',
          cwd: root,
          step,
          log,
          signal,
          onLine: (line) => {
            const archive = /^npm http .*\/-\/(\S+\.tgz)/.exec(line)?.[1];
            if (archive) fetched.add(archive);
            if (archive) step.progress(`npm ci, ${fetched.size} of about ${expected} packages`);
          },
        });
        writeFileSync(stampPath(root), hashOf(lock));
      },
    );
    step.done(`npm ci, about ${expected} packages`);
  } catch (error) {
    step.failed(signal.aborted ? 'interrupted' : 'failed');
    throw error;
  }
}

function countForThisPlatform(packages) {
  const fits = (list, own) => !list || list.includes(own);
  return Object.entries(packages).filter(
    ([name, { os, cpu, inBundle }]) => name && !inBundle && fits(os, process.platform) && fits(cpu, process.arch),
  ).length;
}

/** Optional packages may be absent: they belong to other platforms. */
function isInstalled(wanted, installed) {
  return Object.entries(wanted).every(([name, { version, integrity, optional, devOptional }]) => {
    if (name === '') return true;
    const got = installed[name];
    return got ? got.version === version && got.integrity === integrity : optional || devOptional;
  });
}

const stampPath = (root) => join(root, 'node_modules', '.freehold-installed');

/** Packages of another platform in a shared folder do not count. */
const hashOf = (content) =>
  createHash('sha256').update(`${process.platform}-${process.arch}\n`).update(content).digest('hex');

const read = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);
