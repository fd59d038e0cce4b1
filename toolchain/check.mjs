/**
 * `npm run check`: format and lint, types, import rules, unused code, and rules that no existing tool checks. One line
 * per check with its time, then the output of those that failed, and at the end `N passed, N failed`.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { duration } from './lib/report.mjs';

const root = join(import.meta.dirname, '..');
const script = (path) => [process.execPath, [join(root, path)]];
const tool = (path, ...args) => [process.execPath, [join(root, 'node_modules', path), ...args]];

const checks = {
  types: tool('typescript/bin/tsc', '--noEmit', '-p', '.'),
  'format and lint': tool('@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '--max-diagnostics=50', '.'),
  imports: tool(
    'dependency-cruiser/bin/dependency-cruise.mjs',
    '--config',
    '.dependency-cruiser.mjs',
    '--output-type',
    'err',
    ...['src', 'emulators', 'test'],
  ),
  'unused code': tool('knip/bin/knip.js', '--no-progress', '--no-config-hints'),
  'store queries': script('toolchain/checks/store-queries.mjs'),
  'clock readings': script('toolchain/checks/clock-readings.mjs'),
  'operation kinds': script('toolchain/checks/operation-kinds.mjs'),
};

const failures = [];
const width = Math.max(...Object.keys(checks).map((name) => name.length));
await pLimit(availableParallelism()).map(Object.entries(checks), check);

for (const { name, output } of failures) console.log(`\n── ${name} ${'─'.repeat(60)}\n${output.trim()}`);
if (failures.length > 0) console.log('');
console.log(`${Object.keys(checks).length - failures.length} passed, ${failures.length} failed`);
process.exitCode = failures.length > 0 ? 1 : 0;

async function check([name, [command, args]]) {
  const started = Date.now();
  const { code, output } = await outcome(command, args);
  if (code !== 0) failures.push({ name, output });
  console.log(`${code === 0 ? '✓' : '✗'} ${name.padEnd(width)}  ${duration(Date.now() - started)}`);
}

function outcome(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}
