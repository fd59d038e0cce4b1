import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openStackLab, type StackLab } from '../support/stack-lab.ts';

const root = join(import.meta.dirname, '../..');
let lab: StackLab;

beforeAll(async () => {
  lab = await openStackLab();
}, 30_000);
afterAll(async () => {
  await lab?.close();
}, 30_000);

/** The CLI as `npm run stacks` starts it, with everything in the environment that a worker has. */
async function look(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const program = join(root, 'src/stacks/look/main.ts');
  try {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', program, ...args],
      { cwd: root, env: lab.env },
    );
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

/** Every file of the state by its content. */
function fingerprint(): Record<string, string> {
  const folder = join(lab.stateFolder, '..', '..');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).sort();
  return Object.fromEntries(paths.map((path) => [path, createHash('sha256').update(readFileSync(path)).digest('hex')]));
}

test('the plain CLI shows the stacks, and no command of it changes a stack, a server or the checkout', async () => {
  const server = lab.spec('looked-at');
  await lab.up(server);
  const stack = `inst-${server.instanceId}`;
  const before = fingerprint();
  const checkout = readdirSync(root).sort();

  const listed = await look('stack', 'ls', '--all', '--json');
  expect(JSON.parse(listed.out)).toContainEqual(expect.objectContaining({ name: expect.stringContaining(stack) }));
  const exported = await look('stack', 'export', '--stack', stack);
  expect(exported.code).toBe(0);
  expect((await look('stack', 'history', '--stack', stack)).out).toContain('succeeded');

  for (const args of [
    ...[
      ['up', '--yes'],
      ['destroy', '--yes'],
      ['refresh', '--yes'],
      ['cancel', '--yes'],
      ['stack', 'rm', '--yes', '--force'],
    ],
    ...[
      ['stack', 'rename', 'another'],
      ['state', 'unprotect', '--all', '--yes'],
      ['config', 'set', 'a', 'b'],
    ],
    ['import', 'freehold-local:index:Volume', 'volume', 'vol-1', '--yes'],
  ]) {
    await look(...args, '--stack', stack, '--non-interactive');
  }
  expect(fingerprint()).toEqual(before);
  expect(readdirSync(root).sort()).toEqual(checkout);
  expect(await lab.disorder(server)).toEqual([]);
}, 120_000);

test('says what it needs', async () => {
  expect(await look()).toMatchObject({ code: 2, err: expect.stringContaining('Which command') });
});
