import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { licenceCodes } from '../../src/licence/protocol/codes.ts';
import { adminToken, type LicenceWorld, startLicenceWorld } from '../licence/support/licence-server.ts';

/** The guides, run as they stand, with the limits of the server as they are without configuration. */

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'docs/guides');
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const guides = readdirSync(folder).filter((name) => name.endsWith('.md') && name !== 'README.md');

/** What the guides ask of whoever follows them, and this machine does not have. */
const missing = ['bash', 'curl', 'jq'].filter((name) => spawnSync(name, ['--version']).status !== 0);
const without = missing.length > 0 ? ` (skipped: no ${missing.join(', no ')} here)` : '';

interface Step {
  commands: string;
  /** What the page shows after it, and as what. */
  shown: { language: string; text: string } | undefined;
}

/** Each block `sh` of a page, with the block of another kind that follows it. */
function stepsOf(page: string): Step[] {
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

let world: LicenceWorld;
beforeAll(async () => {
  world = await startLicenceWorld({});
});
afterAll(() => world?.stop());

/** Runs steps in one shell; what each one printed. */
async function run(steps: Step[], environment: Record<string, string>): Promise<string[]> {
  const outputs = await mkdtemp(join(tmpdir(), 'licence-guide-'));
  try {
    const script = join(outputs, 'guide.sh');
    const blocks = steps.map(({ commands }, at) => `{\n${commands}} > '${join(outputs, `${at}.out`)}'\n`);
    await writeFile(script, `set -euo pipefail\n${blocks.join('')}rm -r "$WORK"\n`);
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

describe('docs/guides', () => {
  test('has the seven that people ask for, all in its list', () => {
    expect(guides.toSorted()).toEqual(
      ['cluster', 'marketplace', 'move', 'offline', 'perpetual', 'subscription', 'upgrade'].map((name) => `${name}.md`),
    );
    for (const name of guides) expect(read('README.md')).toContain(`](${name})`);
  });

  const guide = missing.length > 0 ? test.skip : test;
  guide.each(guides)(
    `%s runs as written and prints what it shows${without}`,
    async (name) => {
      const steps = [...stepsOf(read('README.md')), ...stepsOf(read(name))];
      const account = `acc_${name.replace('.md', '')}`;
      const printed = await run(steps, {
        LICENCE_SERVER: world.url(),
        ADMIN_TOKEN: adminToken,
        ACCOUNT: account,
        ACCOUNT_TOKEN: await world.accounts.token({ account, role: ['admin', 'payer'] }),
      });
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
    },
    120_000,
  );

  test.each(guides)('%s names codes as they are', (name) => {
    const named = [...read(name).matchAll(/\b(\d{3}) `([A-Z_]+)`/g)];
    expect(named.length).toBeGreaterThan(2);
    for (const [, num, code] of named)
      expect([code, licenceCodes[code as 'RATE_LIMITED']?.num]).toEqual([code, Number(num)]);
  });
});
