import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '../..');

/** What a process of ours prints until it ends, on both of its outputs, line by line. */
function linesOf(entry: string, ...args: string[]): Promise<{ code: number; lines: string[] }> {
  return new Promise((resolve) => {
    const { PATH = '' } = process.env;
    const command = ['--disable-warning=ExperimentalWarning', join(root, entry), ...args];
    const child = execFile(process.execPath, command, { env: { PATH } }, (_error, out, err) => {
      resolve({ code: child.exitCode ?? -1, lines: `${out}${err}`.trim().split('\n') });
    });
  });
}

const parsed = (lines: string[]) => lines.map((line) => JSON.parse(line) as Record<string, unknown>);

test.each(['throw', 'reject'])(
  'all output is JSON lines, also the error that ends the process: %s',
  async (how) => {
    const { code, lines } = await linesOf('test/runtime/fixtures/noisy-process.ts', how);
    expect(code).toBe(1);
    // Two outputs are read here, so that only their contents count.
    expect(parsed(lines).sort((a, b) => Number(a.level) - Number(b.level))).toMatchObject([
      { level: 30, name: 'noisy', msg: 'begun', orderId: 'ord_1' },
      { level: 40, msg: 'a warning of a library' },
      { level: 50, msg: 'a library prints to the console' },
      { level: 60, msg: 'nobody handles this', err: { type: 'Error', stack: expect.any(String) } },
    ]);
  },
  30_000,
);

test.each([
  'src/api/main.ts',
  'src/workers/control.ts',
  'src/workers/provision.ts',
  'src/licence/server/main.ts',
  'src/host/main.ts',
])(
  'a start that fails is JSON lines: %s',
  async (entry) => {
    const { code, lines } = await linesOf(entry);
    expect(code).not.toBe(0);
    const fatal = { level: 60, name: expect.any(String), msg: expect.any(String) };
    expect(parsed(lines)).toContainEqual(expect.objectContaining(fatal));
  },
  60_000,
);
