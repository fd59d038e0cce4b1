import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import ts from 'typescript';

const folder = resolve(import.meta.dirname, '../../src/contracts');
const values = ['zod'];
const types = ['zod', '@temporalio/common'];
/** Globals of Node that a browser lacks. */
const globals = ['process', 'Buffer', 'require', 'module', 'global', 'setImmediate', '__dirname', '__filename'];

/** What prevents a browser from importing a file of the contracts: imports and globals, as `file: what`. */
function obstacles(path: string, text: string): string[] {
  const found: string[] = [];
  const report = (what: string) => found.push(`${relative(folder, path)}: ${what}`);
  const from = (specifier: ts.Expression | undefined, typeOnly: boolean) => {
    if (!specifier) return;
    if (!ts.isStringLiteral(specifier)) return report('an import that is worked out');
    const name = specifier.text;
    const isOurs = name.startsWith('.') && resolve(path, '..', name).startsWith(`${folder}/`);
    if (!isOurs && !(typeOnly ? types : values).includes(name)) report(name);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      from(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
      return;
    }
    if (ts.isExportDeclaration(node)) from(node.moduleSpecifier, node.isTypeOnly);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      from(node.arguments[0], false);
    }
    const isName =
      ts.isIdentifier(node) &&
      !(ts.isPropertyAccessExpression(node.parent) && node.parent.name === node) &&
      !(ts.isPropertyAssignment(node.parent) && node.parent.name === node) &&
      !(ts.isPropertySignature(node.parent) && node.parent.name === node);
    if (isName && globals.includes(node.text)) report(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  return found;
}

test('a browser can import every file of the contracts', () => {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(30);
  const all = files.map((file) => join(folder, file));
  expect(all.flatMap((path) => obstacles(path, readFileSync(path, 'utf8')))).toEqual([]);
});

test.each([
  ["import { readFileSync } from 'node:fs';", 'node:fs'],
  ["import { type Stats } from 'node:fs';", 'node:fs'],
  ["import 'node:fs';", 'node:fs'],
  ["export { nowDate } from '../runtime/clock.ts';", '../runtime/clock.ts'],
  ["import { defineSignal } from '@temporalio/common';", '@temporalio/common'],
  ["const found = await import('mongoose');", 'mongoose'],
  ['const found = await import(name);', 'an import that is worked out'],
  ['export const home = process.env.HOME;', 'process'],
  ["export const bytes = Buffer.from('x');", 'Buffer'],
])('%s keeps it from that', (line, what) => {
  expect(obstacles(join(folder, 'planted.ts'), line)).toEqual([`planted.ts: ${what}`]);
});

test.each([
  "import type { SignalDefinition } from '@temporalio/common';",
  "import { z } from 'zod';",
  "import { reasons } from './reasons.ts';",
  "export const planes = { process: 'z' };",
])('%s does not', (line) => {
  expect(obstacles(join(folder, 'planted.ts'), line)).toEqual([]);
});
