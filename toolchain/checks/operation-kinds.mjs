/**
 * No file names a kind of operation but those that are that operation's own: its contract, workflow, activities, rules and
 * texts may; the API, the entity, the command and the pages learn of it from `src/contracts/operations/registry.ts`. Looked
 * for are a text in quotes that is a kind, as a value, a key or a type, a template with a kind as a part between `/` or `:`, and an
 * import of a declaration or a workflow; the exceptions say why. The folder that holds `src` may be given as an argument.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** Its own places, by its kind. */
const ownPlaces = (kind) => [
  `src/contracts/operations/${kind}.ts`,
  `src/workflows/operations/${kind}.ts`,
  `src/texts/en/operations/${kind}.ts`,
  'src/texts/en/operations.ts',
];

/** Its activities and rules, which import the declaration, so they need no quotes; and the two lists of operations. */
const importers = [
  'src/activities/',
  'src/domain/operations/',
  'src/contracts/operations/registry.ts',
  'src/workflows/workflows.ts',
];

const exceptions = {
  'src/embedded/processes.ts': 'names a process of the platform after what it does',
  'src/stacks/azure/restart-machine.ts': "names an action of Azure's interface",
  'src/stacks/local/cloud-client.ts': "names an action of the small cloud's interface",
  'src/workers/fleet.ts': 'requests the checks of a drift scan from the entities',
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
    const kind = kindNamedBy(node, file);
    if (kind && !ownPlaces(kind).includes(file)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      places.push({ place: `${file}:${line + 1}`, kind });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return places;
}

/** The kind that a node names, as a text in quotes, a part of a template, or the file of an import. */
function kindNamedBy(node, file) {
  if (ts.isStringLiteralLike(node)) {
    const imported = ts.isImportDeclaration(node.parent) || ts.isExportDeclaration(node.parent);
    if (!imported) return kinds.find((kind) => kind === node.text);
    if (importers.some((place) => file.startsWith(place))) return undefined;
    return kinds.find((kind) => node.text.endsWith(`operations/${kind}.ts`));
  }
  if (!ts.isTemplateHead(node) && !ts.isTemplateMiddleOrTemplateTail(node)) return undefined;
  const parts = node.text.split(/[/:]/);
  return kinds.find((kind) => parts.includes(kind));
}
