import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from '@jest/globals';

/** Pages of documentation whose shell commands are run as they stand. */

const root = join(import.meta.dirname, '../..');

/** What the pages ask of whoever follows them, and this machine does not have. */
const missing = ['bash', 'curl', 'jq'].filter((name) => spawnSync(name, ['--version']).status !== 0);
export const canFollow = missing.length === 0;
/** For the title of a test that is skipped. */
export const without = canFollow ? '' : ` (skipped: no ${missing.join(', no ')} here)`;

export interface Step {
  commands: string;
  /** What the page shows after it, and as what. */
  shown: { language: string; text: string } | undefined;
}

/** Each block `sh` of a page, with the block of another kind that follows it. */
export function stepsOf(page: string): Step[] {
  const steps: Step[] = [];
  for (const [, language, body] of page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm) as Iterable<
    [string, string, string]
  >) {
    const last = steps.at(-1);
    if (language === 'sh') steps.push({ commands: body, shown: undefined });
    else if (!last || last.shown) throw new Error(`A block shows what no command printed:\n${body}`);
    else last.shown = { language, text: body };
  }
  return steps;
}

/** One JSON document, or several one per line. */
function documentsOf(printed: string): unknown[] {
  try {
    return [JSON.parse(printed)];
  } catch {
    return printed
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  }
}

/** What is shown, as something to compare with: `…` at the end of a text stands for whatever comes there. */
function expected(shown: unknown): unknown {
  if (Array.isArray(shown)) return shown.map(expected);
  if (typeof shown === 'object' && shown !== null) {
    return Object.fromEntries(Object.entries(shown).map(([name, value]) => [name, expected(value)]));
  }
  if (typeof shown !== 'string' || !shown.endsWith('…')) return shown;
  const start = shown.slice(0, -1).replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return expect.stringMatching(new RegExp(`^${start}.+`));
}

/** Runs steps in one shell, which may use a new folder `$TMPDIR`; what each one printed. */
export async function run(steps: Step[], environment: Record<string, string>): Promise<string[]> {
  const outputs = await mkdtemp(join(tmpdir(), 'freehold-page-'));
  try {
    const script = join(outputs, 'guide.sh');
    const blocks = steps.map(({ commands }, at) => `{\n${commands}} > '${join(outputs, `${at}.out`)}'\n`);
    await writeFile(script, `set -euo pipefail\n${blocks.join('')}`);
    const child = spawn('bash', [script], {
      cwd: root,
      env: {
        ...{ PATH: dirname(process.execPath) + delimiter + process.env.PATH, HOME: process.env.HOME ?? '' },
        ...{ TMPDIR: outputs, NO_PROXY: '*', ...environment },
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    const files = steps.map((_, at) => readFile(join(outputs, `${at}.out`), 'utf8').catch(() => ''));
    const printed = await Promise.all(files);
    if (child.exitCode !== 0)
      throw new Error(`A command ended with ${child.exitCode}.\n${errors}\n${printed.join('')}`);
    return printed;
  } finally {
    await rm(outputs, { recursive: true, force: true });
  }
}

/** Asserts that each step printed what the page shows after it, and nothing where it shows nothing. */
export function expectShown(steps: readonly Step[], printed: readonly string[]): void {
  for (const [at, { shown, commands }] of steps.entries()) {
    const output = printed[at] as string;
    if (shown?.language === 'json') {
      expect({ commands, documents: documentsOf(output) }).toEqual({
        commands,
        documents: documentsOf(shown.text).map(expected),
      });
    } else if (shown) {
      for (const line of shown.text.trim().split('\n')) expect(output).toContain(line);
    } else expect({ commands, output }).toEqual({ commands, output: '' });
  }
}
