/**
 * The product reads the machine's wall clock only in `src/runtime/clock.ts`: what tests and campaigns shift there must
 * be shifted everywhere. `Date.now()`, `new Date()` and `Date()` are searched for; the exceptions say why. The folder
 * that contains `src` may be given as an argument.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

const exceptions = {
  'src/runtime/clock.ts': 'the clock itself',
  'src/workflows/': "there Date is Temporal's, and replayed",
  'src/embedded/': 'starts processes and reads no time that a test may shift',
  'src/licence/client/clock.ts': 'a product that embeds it may give another clock',
  'src/api/workflows.ts': "gRPC measures its deadlines by the machine's clock",
};

const root = process.argv[2] ?? join(import.meta.dirname, '..', '..');
const found = readdirSync(join(root, 'src'), { recursive: true })
  .map((file) => join('src', file))
  .filter((file) => /\.tsx?$/.test(file) && !Object.keys(exceptions).some((path) => file.startsWith(path)))
  .flatMap(readingsIn);
for (const place of found) console.log(`${place}: use now() or today() of src/runtime/clock.ts`);
process.exitCode = found.length > 0 ? 1 : 0;

function readingsIn(file) {
  const path = join(root, file);
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const places = [];
  const visit = (node) => {
    if (isReading(node, source)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      places.push(`${relative(root, path)}:${line + 1}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return places;
}

function isReading(node, source) {
  if (!ts.isNewExpression(node) && !ts.isCallExpression(node)) return false;
  const what = node.expression.getText(source);
  if (what === 'Date.now') return true;
  return what === 'Date' && (ts.isCallExpression(node) || (node.arguments ?? []).length === 0);
}
