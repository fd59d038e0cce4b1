import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { OperationKind } from '../../src/contracts/operations/registry.ts';
import { Decision } from '../../src/contracts/steps.ts';
import { en } from '../../src/texts/en/index.ts';
import type { Messages } from '../../src/texts/texts.ts';
import { useApi } from '../support/api.ts';

/** What texts and documents advise people to do exists: commands of operators, calls of the API, operations. */
const root = join(import.meta.dirname, '../..');
const sources = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(folder, path));

function sentences(messages: Messages, path = 'texts'): [where: string, text: string][] {
  return Object.entries(messages).flatMap(([code, message]) => {
    const where = `${path}.${code}`;
    return typeof message === 'string' ? [[where, message] as [string, string]] : sentences(message, where);
  });
}

const documents = ['README.md', ...readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))]
  .filter((name) => !name.startsWith('licence-'))
  .map((name): [string, string] => [
    name,
    readFileSync(join(root, name === 'README.md' ? name : `docs/${name}`), 'utf8'),
  ]);
/** Sentences that are made in code, with the ids of their records; those about a decision once for each. */
const made = sources('src/domain').flatMap((path) => {
  const text = readFileSync(join(root, path), 'utf8');
  return Decision.options.map((decision): [string, string] => [path, text.replaceAll(/\$\{decision\}/g, decision)]);
});
const texts = sentences(en);

/** `freehold operations retry op_… --why` names the words up to the first argument, and the options. */
function commandsIn([where, text]: [string, string]): { where: string; words: string[]; options: string[] }[] {
  return [...text.matchAll(/\bfreehold (?:-- )?(?:--json )?([a-z][a-z-]*(?: [a-z][a-z-]*)?)([^\n`'"|]*)/g)].flatMap(
    ([, words = '', rest = '']) => {
      const [group = '', name] = words.split(' ');
      if (!groups.has(group)) return isCommand(text, words) ? [{ where, words: [group], options: [] }] : [];
      const named = groups.get(group) === 'group' && name ? [group, name] : [group];
      return [{ where, words: named, options: [...rest.matchAll(/ (--[a-z-]+)/g)].map(([, option]) => option!) }];
    },
  );
}

/** A command stands in code or on a line of its own; "Freehold" in prose is the product. */
const isCommand = (text: string, words: string) => text.includes(`\`freehold ${words}`) || text.includes(`-- ${words}`);

const groups = new Map<string, 'group' | 'command'>();
const help = new Map<string, string>();
const run = promisify(execFile);

async function helpOf(words: readonly string[]): Promise<string> {
  const key = words.join(' ');
  const known = help.get(key);
  if (known !== undefined) return known;
  const args = ['--disable-warning=ExperimentalWarning', join(root, 'src/cli/main.ts'), ...words, '--help'];
  const text = await run(process.execPath, args).then(
    ({ stdout }) => stdout,
    (error: { stdout?: string; stderr?: string }) => `${error.stdout ?? ''}${error.stderr ?? ''}`,
  );
  help.set(key, text);
  return text;
}

beforeAll(async () => {
  const listed = (await helpOf([])).split('Commands:')[1] ?? '';
  for (const [, name] of listed.matchAll(/^ {2}([a-z][a-z-]*)/gm)) {
    groups.set(name!, (await helpOf([name!])).includes('Commands:') ? 'group' : 'command');
  }
}, 60_000);

const api = useApi();

describe('what people are told to do', () => {
  test('by commands of operators can be done', async () => {
    const mentioned = [...texts, ...documents, ...made].flatMap(commandsIn);
    expect(mentioned.length).toBeGreaterThan(20);
    const missing: string[] = [];
    for (const { where, words, options } of mentioned) {
      const text = await helpOf(words);
      const exists = text.startsWith(`Usage: freehold ${words.join(' ')}`);
      const unknown = options.filter((option) => !text.includes(option));
      if (!exists || unknown.length > 0) missing.push(`${where}: freehold ${[...words, ...unknown].join(' ')}`);
    }
    expect(missing).toEqual([]);
  }, 120_000);

  test('by calls of the API can be done', async () => {
    const { paths } = (await api.call('GET', '/v1/openapi.json')).body as { paths: Record<string, object> };
    const undeclared = ['/v1/openapi.json', '/v1/stripe/webhook'];
    const patterns = Object.entries(paths).map(([path, methods]) => ({
      methods: Object.keys(methods).map((method) => method.toUpperCase()),
      pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
    }));
    const missing = [...texts, ...documents].flatMap(([where, text]) =>
      [...text.matchAll(/\b(GET|POST|PUT|PATCH|DELETE) (\/v1\/[A-Za-z0-9/{}<>_:…-]+)/g)].flatMap(
        ([call, method, path]) => {
          const known = patterns.some(
            (each) => each.methods.includes(method!) && each.pattern.test(path!.replace('<kind>', 'restart')),
          );
          return known || undeclared.includes(path!) || /^\/v1\/(admin|doubles)\//.test(path!)
            ? []
            : [`${where}: ${call}`];
        },
      ),
    );
    expect(missing).toEqual([]);
  });

  /** Operations that are planned, and how a text would advise each of them. */
  const planned: Record<string, RegExp> = {
    terminate: /\bterminate (the|this|a|your) (instance|server)|\bterminate it\b/i,
    'change-plan': /\b(change|upgrade) (the|your|its) plan\b/i,
    'change-add-ons': /\b(change|add|buy) (the|more|further)? ?add-ons\b/i,
    'change-hostname': /\b(change|rename) (the|your|its) (host)?name\b/i,
    'change-admin-email': /\bchange the administrator\b/i,
    suspend: /\bsuspend (the|this|a|your) server\b/i,
    resume: /\bresume (the|this|a|your) server\b/i,
    move: /\bmove (the|this|a|your) server\b/i,
    'web app': /\bwhere you manage\b/i,
    standing: /\bpush the standing\b/i,
  };

  test('by operations of a server can be done', () => {
    const unbuilt = Object.entries(planned).filter(
      ([kind]) => !(OperationKind.options as readonly string[]).includes(kind),
    );
    const advised = [...texts, ...documents].flatMap(([where, text]) =>
      unbuilt.flatMap(([kind, advice]) => (advice.test(text) ? [`${where}: ${kind}`] : [])),
    );
    expect(advised).toEqual([]);
  });
});
