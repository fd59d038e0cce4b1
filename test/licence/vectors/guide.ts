import { STATUS_CODES } from 'node:http';
import { join } from 'node:path';
import { type LicenceCode, licenceCodes } from '../../../src/licence/protocol/codes.ts';
import { problemCatalogue } from '../../../src/licence/server/problems.ts';
import { allRoutes } from '../../../src/licence/server/routes/all-routes.ts';
import type { Call, Vectors } from './shape.ts';

const docs = join(import.meta.dirname, '../../../docs');
export const guideFile = join(docs, 'licence-protocol.md');
/** The page of the server, which has the table of the codes of its other calls. */
export const serverPageFile = join(docs, 'licence-server.md');
export const vectorsFile = join(docs, 'licence-protocol', 'vectors.json');

const marker = /(<!-- example: ([\w-]+) ([\w-]+) -->\n)[\s\S]*?(<!-- end -->)/g;

/** The guide with every example and table between its markers regenerated from the vectors and the codes. */
export function fillGuide(text: string, vectors: Vectors): string {
  return text.replace(marker, (_, start: string, what: string, id: string, end: string) => {
    return `${start}\n${example(vectors, what, id)}\n\n${end}`;
  });
}

function example(vectors: Vectors, what: string, id: string): string {
  if (what === 'codes') return codesTable(id);
  if (what === 'verdict') {
    const verdict = vectors.verdicts.find((vector) => vector.id === id && vector.payload !== undefined);
    if (verdict === undefined) throw new Error(`There is no verdict ${id}.`);
    return fenced('json', `${printed(verdict.header)}\n${printed(verdict.payload)}`);
  }
  if (what === 'file') {
    const file = vectors.offlineFiles.find((vector) => vector.id === id && vector.payload !== undefined);
    if (file === undefined) throw new Error(`There is no licence file ${id}.`);
    return fenced('json', `${printed(file.header)}\n${printed(file.payload)}`);
  }
  const call = vectors.calls.find((one) => one.id === id);
  if (call === undefined) throw new Error(`There is no call ${id}.`);
  if (what === 'call') return fenced('http', `${requestOf(call)}\n\n${answerOf(call)}`);
  if (what === 'answer') return fenced('http', answerOf(call));
  throw new Error(`There is no example of the kind ${what}.`);
}

function requestOf({ request: { method, path, body } }: Call): string {
  if (body === undefined) return `${method} ${path}`;
  return `${method} ${path}\nContent-Type: application/json\n\n${printed(body)}`;
}

function answerOf({ answer: { status, headers, body } }: Call): string {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`];
  lines.push(...Object.entries(headers).map(([name, value]) => `${name}: ${value}`));
  if (body !== undefined) lines.push('', printed(body));
  return lines.join('\n');
}

/** Readable JSON: a JWS is shortened, its whole text is in the vectors. */
function printed(value: unknown): string {
  const cut = (_: string, member: unknown) =>
    typeof member === 'string' && /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(member) ? `${member.slice(0, 20)}…` : member;
  return JSON.stringify(value, cut, 2);
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

/** The calls that a node makes, by the names that the page gives them. */
const nodeCalls: Record<string, string> = {
  '/v1/activations': 'activate',
  '/v1/enrollments/redeem': 'redeem',
  '/v1/instances/{id}/check': 'check',
  '/v1/instances/{id}/recover': 'recover',
  '/v1/instances/{id}/release': 'release',
  '/v1/licenses/validate': 'validate',
  '/v1/claims': 'claim',
  '/v1/claims/poll': 'poll',
  '/.well-known/license-keys.json': 'keys',
};

/**
 * Every code that a call of a node can answer, with the names of those calls, from the declared routes: those that
 * need no token. `no call` is an address that there is not.
 */
function codesOfNodes(): Map<LicenceCode, string[]> {
  const found = new Map<LicenceCode, string[]>([['NO_SUCH_CALL', ['no call']]]);
  for (const route of allRoutes) {
    if (route.guard.security.length > 0 || route.path.startsWith('/health/')) continue;
    const name = nodeCalls[route.path];
    if (name === undefined) throw new Error(`The page names no call ${route.path}.`);
    for (const code of new Set([...route.problems, ...problemCatalogue.implied(route)])) {
      found.set(code, [...(found.get(code) ?? []), name]);
    }
  }
  return found;
}

/** Calls of a code as the table says them: all but a few are named by their exceptions. */
function callsText(names: readonly string[]): string {
  const others = Object.values(nodeCalls).filter((name) => !names.includes(name));
  if (others.length === 0) return 'all';
  return names.length > 2 && others.length <= 2 ? `all but ${others.join(', ')}` : names.join(', ');
}

/** The codes that a node may get (`server`), that only a client raises (`client`), or of all `other` calls. */
function codesTable(whose: string): string {
  const ofNodes = codesOfNodes();
  const isShown = (code: LicenceCode, status: number) => {
    if (whose === 'client') return status === 0;
    return status > 0 && ofNodes.has(code) === (whose === 'server');
  };
  const rows = (Object.keys(licenceCodes) as LicenceCode[])
    .filter((code) => isShown(code, licenceCodes[code].status))
    .map((code) => {
      const { num, status, retryable, title, remedy } = licenceCodes[code];
      const answered = whose === 'client' ? [] : [String(status), retryable ? 'yes' : ''];
      const calls = whose === 'server' ? [callsText(ofNodes.get(code) ?? [])] : [];
      return [`\`${code}\``, String(num), ...answered, ...calls, title, remedy];
    });
  const middle = [...(whose === 'client' ? [] : ['status', 'retryable']), ...(whose === 'server' ? ['calls'] : [])];
  return table([['code', 'num', ...middle, 'what is wrong', 'what to do'], ...rows]);
}

/** A table in the formatter's layout: every column as wide as its widest cell. */
function table(rows: readonly string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  const [head, ...body] = rows as [string[], ...string[][]];
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}
