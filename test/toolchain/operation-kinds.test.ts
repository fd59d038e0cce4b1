import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { OperationKind } from '../../src/contracts/operations/registry.ts';
import { root } from './run-program.ts';

let scratch: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'freehold-kinds-'));
  cpSync(join(root, 'src', 'contracts', 'operations'), join(scratch, 'src', 'contracts', 'operations'), {
    recursive: true,
  });
});

afterEach(() => {
  rmSync(scratch, { recursive: true, force: true });
});

function plant(path: string, text: string) {
  mkdirSync(dirname(join(scratch, path)), { recursive: true });
  writeFileSync(join(scratch, path), `${text}\n`);
}

function check(folder: string) {
  const rule = join(root, 'toolchain', 'checks', 'operation-kinds.mjs');
  const { status, stdout } = spawnSync(process.execPath, [rule, folder], { encoding: 'utf8' });
  return { status, places: stdout.split('\n').filter(Boolean) };
}

describe('the kind of an operation', () => {
  test('is named by no file of the product but its own', () => {
    expect(check(root)).toEqual({ status: 0, places: [] });
  });

  test.each(OperationKind.options)('%s may be named by its own files', (kind) => {
    plant(`src/workflows/operations/${kind}.ts`, `export const a = '${kind}';`);
    plant(`src/texts/en/operations/${kind}.ts`, `export const a = { '${kind}': 1 };`);
    plant('src/texts/en/operations.ts', `export const a = { '${kind}': 1 };`);
    expect(check(scratch)).toEqual({ status: 0, places: [] });
  });

  test.each(OperationKind.options)('%s is found where it strays', (kind) => {
    plant('src/api/a.ts', `export const a = (b: string) => b === '${kind}';`);
    plant('src/workflows/b.ts', `export const a = (b: string) => {\n  switch (b) {\n    case "${kind}":\n  }\n};`);
    plant('src/domain/c.ts', `export type A = '${kind}' | 'x';`);
    plant('src/store/d.ts', `export const a = { kind: \`${kind}\` };`);
    plant('src/store/e.ts', `export const a = (b: string) => \`${kind}/\${b}\`;`);
    plant('src/api/f.ts', `import { a } from '../contracts/operations/${kind}.ts';\nexport const b = a;`);
    plant('src/activities/records/g.ts', `import { a } from '../../contracts/operations/${kind}.ts';`);
    const other = OperationKind.options.find((each) => each !== kind);
    plant(`src/workflows/operations/${other}.ts`, `export const a = '${kind}';`);
    const { status, places } = check(scratch);
    expect(status).toBe(1);
    expect(places.sort()).toEqual(
      [
        `src/api/a.ts:1: '${kind}' is known to its own files alone`,
        `src/domain/c.ts:1: '${kind}' is known to its own files alone`,
        `src/store/d.ts:1: '${kind}' is known to its own files alone`,
        `src/store/e.ts:1: '${kind}' is known to its own files alone`,
        `src/api/f.ts:1: '${kind}' is known to its own files alone`,
        `src/workflows/b.ts:3: '${kind}' is known to its own files alone`,
        `src/workflows/operations/${other}.ts:1: '${kind}' is known to its own files alone`,
      ].sort(),
    );
  });

  test('a check that finds no operation at all does not pass', () => {
    rmSync(join(scratch, 'src', 'contracts', 'operations'), { recursive: true });
    mkdirSync(join(scratch, 'src', 'contracts', 'operations'), { recursive: true });
    expect(check(scratch).status).toBe(1);
  });
});

test('every operation has its workflow in the index of workflows', () => {
  const index = readFileSync(join(root, 'src', 'workflows', 'workflows.ts'), 'utf8');
  const exported = [...index.matchAll(/from '\.\/operations\/([a-z-]+)\.ts'/g)].map(([, kind]) => kind);
  expect(exported.sort()).toEqual([...OperationKind.options].sort());
});
