import { STATUS_CODES } from 'node:http';
import { join } from 'node:path';
import { licenceCodes } from '../../../src/licence/protocol/codes.ts';
import type { Call, Vectors } from './shape.ts';

const docs = join(import.meta.dirname, '../../../docs');
export const guideFile = join(docs, 'licence-protocol.md');
export const vectorsFile = join(docs, 'licence-protocol', 'vectors.json');

const marker = /(<!-- example: ([\w-]+) ([\w-]+) -->\n)[\s\S]*?(<!-- end -->)/g;

/** The guide with every example and table between its markers regenerated from the vectors and the codes. */
export function fillGuide(text: string, vectors: Vectors): string {
  return text.replace(marker, (_, start: string, what: string, id: string, end: string) => {
    return `${start}\n${example(vectors, what, id)}\n\n${end}`;
  });
}

function example(vectors: Vectors, what: string, id: string): string {
  if (what === 'codes') return codesTable(vectors, id);
  if (what === 'verdict') {
    const verdict = vectors.verdicts.find((vector) => vector.id === id && vector.payload !== undefined);
    if (verdict === undefined) throw new Error(`There is no verdict ${id}.`);
    return fenced('json', `${printed(verdict.header)}\n${printed(verdict.payload)}`);
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

/** Refusals that a node may get and that no call of the vectors shows. */
const beside = ['BODY_TOO_LARGE', 'SERVICE_UNAVAILABLE', 'GENERAL_SERVER_ERROR'];

/** The codes that a node may get, or those that only a client raises. */
function codesTable(vectors: Vectors, whose: string): string {
  const ofClient = whose === 'client';
  const met = new Set([...beside, ...vectors.calls.map(({ answer }) => answer.body?.code)]);
  const rows = Object.entries(licenceCodes)
    .filter(([code, { status }]) => (ofClient ? status === 0 : met.has(code)))
    .map(([code, { num, status, retryable, title, remedy }]) => {
      const middle = ofClient ? [] : [String(status), retryable ? 'yes' : ''];
      return [`\`${code}\``, String(num), ...middle, title, remedy];
    });
  const head = ['code', 'num', ...(ofClient ? [] : ['status', 'retryable']), 'what is wrong', 'what to do'];
  return table([head, ...rows]);
}

/** A table in the formatter's layout: every column as wide as its widest cell. */
function table(rows: readonly string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  const [head, ...body] = rows as [string[], ...string[][]];
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}
