/**
 * No file names a kind of operation but those that are that operation's own: its contract, workflow, activities, rules and
 * texts may; the API, the entity, the command and the pages learn of it from `src/contracts/operations/registry.ts`. A text
 * in quotes that is a kind is looked for, as a value, a key or a type; the exceptions say why. The folder that holds `src`
 * may be given as an argument.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** Its own places, by its kind; activities and rules import the declaration, so they need no quotes. */
const ownPlaces = (kind) => [
  `src/contracts/operations/${kind}.ts`,
  `src/workflows/operations/${kind}.ts`,
  `src/texts/en/operations/${kind}.ts`,
  'src/texts/en/operations.ts',
];

const exceptions = {
  'src/embedded/processes.ts': 'names a process of the platform after what it does',
  'src/stacks/azure/restart-machine.ts': "names an action of Azure's interface",
  'src/workers/provision.ts': 'names itself in its log',
};

const root = process.argv[2] ?? join(import.meta.dirname, '..', '..');
const declarations = join(root, 'src', 'contracts', 'operations');
const kinds = readdirSync(declarations).flatMap((file) => {
  const kind = /^ {2}kind: '([a-z-]+)',$/m.exec(readFileSync(join(declarations, file), 'utf8'))?.[1];
  return kind ? [kind] : [];
});
const found = readdirSync(join(root, 'src'), { recursive: true })
  .map((file) => join('src', file))
  .filter((file) => /\.tsx?$/.test(file) && !Object.hasOwn(exceptions, file))
  .flatMap(kindsIn);
for (const { place, kind } of found) console.log(`${place}: '${kind}' is known to its own files alone`);
if (kinds.length === 0) console.log('no declaration of an operation was found');
process.exitCode = found.length > 0 || kinds.length === 0 ? 1 : 0;

function kindsIn(file) {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest, true);
  const places = [];
  const visit = (node) => {
    const kind = ts.isStringLiteralLike(node) && kinds.includes(node.text) ? node.text : undefined;
    if (kind && !ownPlaces(kind).includes(file)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      places.push({ place: `${file}:${line + 1}`, kind });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return places;
}
