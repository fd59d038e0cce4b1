import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { root } from './run-program.ts';

let scratch: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'freehold-imports-'));
  for (const file of ['.dependency-cruiser.mjs', 'tsconfig.json', 'package.json'])
    cpSync(join(root, file), join(scratch, file));
  symlinkSync(join(root, 'node_modules'), join(scratch, 'node_modules'));
});

afterEach(() => {
  rmSync(scratch, { recursive: true, force: true });
});

function plant(files: Record<string, string>) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(scratch, path)), { recursive: true });
    writeFileSync(join(scratch, path), text);
  }
}

function check() {
  const cruiser = join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
  const args = [cruiser, '--config', '.dependency-cruiser.mjs', '--output-type', 'err', 'src'];
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: scratch, encoding: 'utf8' });
  return { status, output: stdout, rules: [...stdout.matchAll(/error ([\w/-]+):/g)].map((match) => match[1]) };
}

/** `from` imports `to`; the import is used as a value unless said otherwise. */
function imports(from: string, to: string, kind: 'value' | 'type' = 'value') {
  const up = '../'.repeat(from.split('/').length - 1);
  return {
    [from]: `import ${kind === 'type' ? 'type ' : ''}{ it } from '${up}${to}';\nexport const use = ${kind === 'type' ? '1 as unknown as typeof it' : 'it'};\n`,
    [to]: 'export const it = 1;\n',
  };
}

describe('the import rules', () => {
  test('let the lines of the architecture through', () => {
    plant({
      ...imports('src/domain/a.ts', 'src/contracts/b.ts'),
      ...imports('src/activities/billing/c.ts', 'src/store/d.ts'),
      ...imports('src/workers/control.ts', 'src/config.ts'),
      ...imports('src/workflows/e.ts', 'src/activities/mail/f.ts', 'type'),
      ...imports('src/host/g.ts', 'src/licence/client/h.ts'),
      ...imports('src/embedded/i.ts', 'src/contracts/j.ts'),
      ...imports('src/embedded/m.ts', 'emulators/edge/n.ts'),
      ...imports('src/store/o.ts', 'src/runtime/p.ts'),
      ...imports('src/stacks/runner/k.ts', 'src/store/l.ts'),
    });
    expect(check()).toMatchObject({ status: 0, rules: [] });
  });

  test('stop every import that goes up or across', () => {
    const forbidden: [string, string, string][] = [
      ['src/stacks/local/a.ts', 'src/store/b.ts', 'src/stacks-imports-downwards'],
      ['src/stacks/runner/a.ts', 'src/payments/b.ts', 'src/stacks/runner-imports-downwards'],
      ['src/contracts/a1.ts', 'src/domain/b1.ts', 'src/contracts-imports-downwards'],
      ['src/domain/a2.ts', 'src/store/b2.ts', 'src/domain-imports-downwards'],
      ['src/store/a3.ts', 'src/payments/b3.ts', 'src/store-imports-downwards'],
      ['src/payments/a4.ts', 'src/activities/b4.ts', 'src/payments-imports-downwards'],
      ['src/mail/a5.ts', 'src/store/b5.ts', 'src/mail-imports-downwards'],
      ['src/stacks/a6.ts', 'src/licence/client/b6.ts', 'src/stacks-imports-downwards'],
      ['src/activities/a7.ts', 'src/workers/b7.ts', 'src/activities-imports-downwards'],
      ['src/workflows/a8.ts', 'src/activities/b8.ts', 'workflows-import-only-types-of-activities'],
      ['src/workflows/a9.ts', 'src/store/b9.ts', 'src/workflows-imports-downwards'],
      ['src/api/a10.ts', 'src/activities/b10.ts', 'src/api-imports-downwards'],
      ['src/licence/protocol/a11.ts', 'src/contracts/b11.ts', 'src/licence/protocol-imports-downwards'],
      ['src/licence/client/a12.ts', 'src/contracts/b12.ts', 'src/licence/client-imports-downwards'],
      ['src/licence/conformance/a22.ts', 'src/licence/server/b22.ts', 'src/licence/conformance-imports-downwards'],
      ['src/licence/server/a13.ts', 'src/store/b13.ts', 'src/licence/server-imports-downwards'],
      ['src/host/a14.ts', 'src/domain/b14.ts', 'src/host-imports-downwards'],
      ['src/cli/a15.ts', 'src/domain/b15.ts', 'src/cli-imports-downwards'],
      ['src/api/a16.ts', 'src/embedded/b16.ts', 'product-never-imports-embedded'],
      ['src/api/a23.ts', 'emulators/stripe/b23.ts', 'product-never-imports-emulators'],
      ['src/runtime/a24.ts', 'src/domain/b24.ts', 'src/runtime-imports-downwards'],
      ['src/texts/a25.ts', 'src/contracts/b25.ts', 'src/texts-imports-downwards'],
      ['src/store/a17.ts', 'src/config.ts', 'configuration-is-for-process-entries'],
      ['src/api/a18.ts', 'test/b18.ts', 'product-never-imports-tests-or-tools'],
      ['src/config.ts', 'src/domain/b19.ts', 'configuration-knows-only-contracts'],
    ];
    for (const [from, to] of forbidden) plant(imports(from, to));
    const { status, output } = check();
    for (const [from, to, rule] of forbidden) expect(output).toContain(`error ${rule}: ${from} → ${to}`);
    expect(status).not.toBe(0);
  });

  test('stop a circle of values, a package that is not declared and an import that leads nowhere', () => {
    plant({
      'src/domain/a.ts': "import { b } from './b.ts';\nexport const a = () => b;\n",
      'src/domain/b.ts': "import { a } from './a.ts';\nexport const b = () => a;\n",
      'src/api/c.ts': "import { expect } from '@jest/globals';\nexport const c = expect;\n",
      'src/api/d.ts': "import { e } from './e.ts';\nexport const d = e;\n",
    });
    expect(new Set(check().rules)).toEqual(new Set(['no-cycle', 'only-declared-packages', 'everything-resolves']));
  });
});

describe('the store rule', () => {
  const guard = (folder: string) =>
    spawnSync(process.execPath, [join(root, 'toolchain', 'checks', 'store-queries.mjs'), folder], { encoding: 'utf8' });

  test('stops a RegExp in a query, literal or made', () => {
    plant({
      'src/store/bad.ts': "export const a = (m: any) => m.find({ name: /^x/ });\nexport const b = new RegExp('x');\n",
    });
    const { status, stdout } = guard(join(scratch, 'src', 'store'));
    expect(status).toBe(1);
    expect(stdout.match(/bad\.ts:[12]: /g)).toHaveLength(2);
  });

  test('lets a $regex text through', () => {
    plant({ 'src/store/good.ts': "export const a = (m: any) => m.find({ name: { $regex: 'x', $options: 'i' } });\n" });
    expect(guard(join(scratch, 'src', 'store')).status).toBe(0);
  });
});

describe('the clock rule', () => {
  test('stops a reading of the machine’s clock, and no date that is made from a value', () => {
    plant({
      'src/api/late.ts': 'export const a = Date.now();\nexport const b = new Date();\nexport const c = Date();\n',
      'src/api/right.ts': "export const d = new Date(0);\nexport const e = Date.parse('2026-11-22');\n",
    });
    const rule = join(root, 'toolchain', 'checks', 'clock-readings.mjs');
    const { status, stdout } = spawnSync(process.execPath, [rule, scratch], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stdout.match(/late\.ts:[123]: /g)).toHaveLength(3);
    expect(stdout).not.toContain('right.ts');
  });
});
