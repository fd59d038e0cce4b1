/**
 * `npm test` and `npm run test:full`: runs jest on the test files, group by group, because tests that start whole
 * platforms would disturb each other. Files named `*.full.test.ts` run only in `test:full`.
 *
 * Arguments: paths or parts of paths select files (a `*.full.test.ts` named here runs in `npm test` too); from the
 * first one that starts with `-` on they are passed to jest. Ends with the line `N passed, N failed`.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import jestConfig from '../jest.config.mjs';
import { duration } from './lib/report.mjs';

const root = join(import.meta.dirname, '..');

/** How long jest may take to exit after its results, in ms; longer means that a test left something open. */
const lingerMs = 30_000;

/** Groups besides the light ones, with the number of files of each that may run concurrently. */
const apart = { engine: 2, smoke: 1, e2e: 2, web: 1, faults: 1 };

const [full, ...given] =
  process.argv[2] === '--full' ? [true, ...process.argv.slice(3)] : [false, ...process.argv.slice(2)];
const firstOption = given.findIndex((argument) => argument.startsWith('-'));
const paths = (firstOption < 0 ? given : given.slice(0, firstOption)).map((path) => path.split(sep).join('/'));
const jestOptions = firstOption < 0 ? [] : given.slice(firstOption);
const choosesByName = jestOptions.some((option) => /^(-t|--testNamePattern)/.test(option));

const started = Date.now();
const scratch = mkdtempSync(join(tmpdir(), 'freehold-test-'));
/** Caches that every platform and every test file would otherwise rebuild; new with each run. */
const sharedCaches = {
  FREEHOLD_WORKFLOW_CACHE: join(scratch, 'workflows'),
  NODE_COMPILE_CACHE: join(scratch, 'compiled'),
};
const total = { passed: 0, failed: 0, skipped: [], broken: [] };
let stoppedBy;
let running;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    stoppedBy = signal;
    running?.kill(signal);
  });
}

for (const group of groups(chosenFiles())) {
  if (stoppedBy) break;
  await runGroup(group);
}
rmSync(scratch, { recursive: true, force: true });
finish();

function chosenFiles() {
  return readdirSync(join(root, 'test'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((file) => paths.length === 0 || paths.some((path) => file.includes(path.replace(/^\.\//, ''))))
    .filter((file) => full || !file.endsWith('.full.test.ts') || paths.some((path) => path.endsWith('.full.test.ts')))
    .sort();
}

function groups(files) {
  const names = Object.keys(apart);
  const groupOf = (file) => names.find((name) => file.startsWith(`test/${name}/`)) ?? 'unit, workflow and contract';
  return ['unit, workflow and contract', ...names]
    .map((name) => ({
      name,
      workers: apart[name] ?? 2,
      files: files.filter((file) => groupOf(file) === name),
    }))
    .filter((group) => group.files.length > 0);
}

async function runGroup({ name, workers, files }) {
  const results = join(scratch, `${name.replaceAll(/\W+/g, '-')}.json`);
  console.log(`\n${name}: ${files.length} ${files.length === 1 ? 'file' : 'files'}`);
  const code = await runJest({ workers, files, results });
  if (!existsSync(results)) {
    if (!stoppedBy) total.broken.push(`${name}: jest ended with exit code ${code} and without results`);
    return;
  }
  const counted = JSON.parse(readFileSync(results, 'utf8'));
  total.passed += counted.passed;
  total.failed += counted.failed;
  for (const { path, broken, skipped } of counted.files) {
    if (broken) total.broken.push(`${relative(root, path)}: could not be run`);
    if (!choosesByName) total.skipped.push(...skipped.map((name) => `${relative(root, path)}: ${name}`));
  }
}

function runJest({ workers, files, results }) {
  return new Promise((resolve, reject) => {
    const config = `${results}.config.json`;
    const reporters = ['default', [join(root, 'toolchain', 'lib', 'results-reporter.mjs'), { to: results }]];
    const testMatch = files.map((file) => `<rootDir>/${file}`);
    writeFileSync(config, JSON.stringify({ ...jestConfig, testMatch, reporters, maxWorkers: workers }));
    const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
    running = spawn(
      process.execPath,
      ['--experimental-vm-modules', jest, '--config', config, '--no-watchman', ...jestOptions],
      { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...sharedCaches, ...process.env } },
    );
    let done;
    const watch = setInterval(() => {
      if (!existsSync(results)) return;
      done ??= Date.now();
      if (Date.now() - done < lingerMs) return;
      total.broken.push(`jest did not end ${lingerMs / 1000} s after its last test: something was left open`);
      running.kill('SIGKILL');
      clearInterval(watch);
    }, 500);
    running.on('error', reject);
    running.on('exit', (code) => {
      clearInterval(watch);
      resolve(code);
    });
  });
}

function finish() {
  const { passed, failed, skipped, broken } = total;
  console.log('');
  if (skipped.length > 0) console.log(`Skipped, each with its reason in its name:\n  ${skipped.join('\n  ')}`);
  if (broken.length > 0) console.log(`Broken:\n  ${broken.join('\n  ')}`);
  if (stoppedBy) {
    console.log(`Stopped by ${stoppedBy}.`);
    process.exitCode = 128 + constants.signals[stoppedBy];
  } else if (passed + failed + broken.length === 0) {
    console.log(paths.length > 0 ? `No test matches ${paths.join(' ')}.` : 'No test was run.');
    process.exitCode = 1;
  } else {
    process.exitCode = failed + broken.length > 0 ? 1 : 0;
  }
  console.log(`Took ${duration(Date.now() - started)}.`);
  console.log(`${passed} passed, ${failed + broken.length} failed`);
}
