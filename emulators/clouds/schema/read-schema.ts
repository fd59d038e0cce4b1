import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type ts from 'typescript';

/**
 * The inputs of a cloud package's resources, read from its declarations (`InstanceArgs` and the like): names, required
 * ones, nesting and primitive types. Reading takes seconds, so the result is cached on disk per package, version and
 * list of types.
 */
export interface InputSchema {
  /** Object of a resource's inputs by type token. */
  resources: Record<string, string>;
  objects: Record<string, Record<string, { shape: Shape; required: boolean }>>;
}

export type Shape =
  | { kind: 'string' | 'number' | 'boolean' | 'any' }
  | { kind: 'list' | 'map'; of: Shape }
  | { kind: 'object'; name: string }
  | { kind: 'one'; of: Shape[] };

/** The source of a schema, and the file of its cached result. */
export interface SchemaPlan {
  folder: string;
  types: string[];
  file: string;
}

export function planSchema(options: { package: string; types: readonly string[]; cacheFolder: string }): SchemaPlan {
  const folder = packageFolder(options.package);
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  const types = [...options.types].sort();
  const print = createHash('sha256')
    .update(readFileSync(import.meta.filename))
    .update(types.join());
  const name = `${options.package.replace(/\W+/g, '-')}-${version}-${print.digest('hex').slice(0, 12)}.json`;
  return { folder, types, file: join(options.cacheFolder, name) };
}

/** Reads the declarations and caches the result; blocks its process for seconds. */
export async function readSchema({ folder, types, file }: SchemaPlan): Promise<void> {
  const schema = parseDeclarations((await import('typescript')).default, folder, types);
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, JSON.stringify(schema));
  renameSync(draft, file);
}

function packageFolder(name: string): string {
  return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
}

/**
 * The module that declares a type: `aws:ec2/instance:Instance` in `ec2/instance`, `azure-native:dns:Zone` in
 * `dns/zone`.
 */
function moduleOf(token: string): string {
  const [, path = '', name = ''] = token.split(':');
  const [folder = '', file = name.charAt(0).toLowerCase() + name.slice(1)] = path.split('/');
  return folder === 'index' || folder === '' ? file : `${folder}/${file}`;
}

function parseDeclarations(typescript: typeof ts, folder: string, types: readonly string[]): InputSchema {
  const schema: InputSchema = { resources: {}, objects: {} };
  const pending: string[] = [];

  function parse(path: string): ts.SourceFile {
    const file = join(folder, `${path}.d.ts`);
    return typescript.createSourceFile(file, readFileSync(file, 'utf8'), typescript.ScriptTarget.Latest);
  }

  /** Every interface of the nested inputs by its dotted name. */
  const nested = new Map<string, ts.InterfaceDeclaration>();
  function collect(node: ts.Node, prefix: string): void {
    typescript.forEachChild(node, (child) => {
      if (typescript.isModuleDeclaration(child)) collect(child, `${prefix}${child.name.text}.`);
      else if (typescript.isModuleBlock(child)) collect(child, prefix);
      else if (typescript.isInterfaceDeclaration(child)) nested.set(`${prefix}${child.name.text}`, child);
    });
  }
  collect(parse('types/input'), '');

  function shapeOf(node: ts.TypeNode | undefined): Shape {
    if (!node) return { kind: 'any' };
    if (typescript.isParenthesizedTypeNode(node)) return shapeOf(node.type);
    if (typescript.isArrayTypeNode(node)) return { kind: 'list', of: shapeOf(node.elementType) };
    if (typescript.isTypeLiteralNode(node)) {
      const index = node.members.find(typescript.isIndexSignatureDeclaration);
      return { kind: 'map', of: shapeOf(index?.type) };
    }
    if (typescript.isUnionTypeNode(node)) return union(node.types.filter((type) => !isAbsence(type)).map(shapeOf));
    if (typescript.isLiteralTypeNode(node)) return { kind: 'string' };
    if (typescript.isTypeReferenceNode(node)) return referred(entityName(node.typeName), node.typeArguments?.[0]);
    switch (node.kind) {
      case typescript.SyntaxKind.StringKeyword:
        return { kind: 'string' };
      case typescript.SyntaxKind.NumberKeyword:
        return { kind: 'number' };
      case typescript.SyntaxKind.BooleanKeyword:
        return { kind: 'boolean' };
      default:
        return { kind: 'any' };
    }
  }

  function isAbsence(node: ts.TypeNode): boolean {
    return (
      node.kind === typescript.SyntaxKind.UndefinedKeyword ||
      (typescript.isLiteralTypeNode(node) && node.literal.kind === typescript.SyntaxKind.NullKeyword)
    );
  }

  function entityName(name: ts.EntityName): string {
    return typescript.isIdentifier(name) ? name.text : `${entityName(name.left)}.${name.right.text}`;
  }

  function referred(name: string, argument: ts.TypeNode | undefined): Shape {
    if (name === 'pulumi.Input') return shapeOf(argument);
    if (name.startsWith('inputs.')) return object(name.slice('inputs.'.length));
    if (name.startsWith('enums.')) return union([{ kind: 'string' }, { kind: 'number' }]);
    if (name.startsWith('pulumi.')) return { kind: 'any' };
    // A resource instead of its name or id, which is what reaches the provider.
    return { kind: 'string' };
  }

  function object(name: string): Shape {
    if (!schema.objects[name]) {
      schema.objects[name] = {};
      pending.push(name);
    }
    return { kind: 'object', name };
  }

  function union(shapes: Shape[]): Shape {
    const different = [...new Map(shapes.map((shape) => [JSON.stringify(shape), shape])).values()];
    return different.length === 1 ? different[0]! : { kind: 'one', of: different };
  }

  function readMembers(name: string, declaration: ts.InterfaceDeclaration): void {
    for (const member of declaration.members) {
      if (!typescript.isPropertySignature(member) || !typescript.isIdentifier(member.name)) continue;
      schema.objects[name]![member.name.text] = { shape: shapeOf(member.type), required: !member.questionToken };
    }
  }

  for (const token of types) {
    const name = `${token.split(':').at(-1)}Args`;
    const declaration = parse(moduleOf(token)).statements.find(
      (statement): statement is ts.InterfaceDeclaration =>
        typescript.isInterfaceDeclaration(statement) && statement.name.text === name,
    );
    if (!declaration) throw new Error(`${token}: no interface ${name} in the package`);
    schema.resources[token] = token;
    schema.objects[token] = {};
    readMembers(token, declaration);
  }
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const declaration = nested.get(name);
    if (!declaration) throw new Error(`no interface inputs.${name} in the package`);
    readMembers(name, declaration);
  }
  return schema;
}
