import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runStack } from '../../src/stacks/runner/run-stack.ts';
import { openStackLab, type StackLab } from '../support/stack-lab.ts';

let lab: StackLab;

beforeAll(async () => {
  lab = await openStackLab();
}, 30_000);
afterAll(async () => {
  await lab?.close();
}, 30_000);

/** A CLI that records its arguments and then runs the real one. */
async function notedCli() {
  const root = join(lab.env.TMPDIR!, 'noted-cli');
  const notes = join(root, 'calls');
  await mkdir(join(root, 'bin'), { recursive: true });
  const cli = join(root, 'bin', 'pulumi');
  await writeFile(cli, `#!/bin/sh\necho "$1 $2" >> '${notes}'\nexec '${lab.env.PULUMI_ROOT}/bin/pulumi' "$@"\n`);
  await chmod(cli, 0o755);
  const calls = async () =>
    (await readFile(notes, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => line.replace(/ -.*$/, '').trim());
  return { root, calls };
}

// Each call is a process of the CLI. This fails with a version of the Automation API that makes more calls, because it
// no longer goes through what `engine.ts` overrides.
test('building a server takes five processes of the CLI', async () => {
  // The first operation of all makes the known secret.
  await lab.up(lab.spec('first'));
  const { root, calls } = await notedCli();
  const server = lab.spec('calls');
  await runStack(lab.request('up', server), { env: { ...lab.env, PULUMI_ROOT: root } });
  expect(await calls()).toEqual(['version', 'stack output', 'stack init', 'up', 'stack history']);
});
