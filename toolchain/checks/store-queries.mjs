/**
 * No RegExp in `src/store/`: on an indexed field the embedded database silently matches nothing, where MongoDB matches.
 * Search text with `{ $regex: 'text', $options: 'i' }`; a pattern for anything but a query belongs in `src/domain/` or
 * `src/contracts/`. The folder to check may be given as an argument.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '..', '..');
const folder = process.argv[2] ?? join(root, 'src', 'store');

const found = readdirSync(folder, { recursive: true })
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) => regExpsIn(join(folder, file)));
for (const place of found) console.log(`${place}: use { $regex: 'text', $options: 'i' } in place of a RegExp`);
process.exitCode = found.length > 0 ? 1 : 0;

function regExpsIn(path) {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const places = [];
  const visit = (node) => {
    const made =
      (ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression.getText(source) === 'RegExp';
    if (made || node.kind === ts.SyntaxKind.RegularExpressionLiteral) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      places.push(`${relative(root, path)}:${line + 1}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return places;
}
