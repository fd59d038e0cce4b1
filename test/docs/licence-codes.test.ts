import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type LicenceCode, licenceCodes } from '../../src/licence/protocol/codes.ts';
import { problemCatalogue } from '../../src/licence/server/problems.ts';
import { allRoutes } from '../../src/licence/server/routes/all-routes.ts';

const page = (name: string) => readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8');
const protocol = page('licence-protocol.md');
const server = page('licence-server.md');

/** The codes that calls of the server answer, by declaration: of the calls without a token, or of all. */
function declared(only: 'nodes' | 'all'): LicenceCode[] {
  const calls = allRoutes.filter(({ path, guard }) => {
    return only === 'all' || (guard.security.length === 0 && !path.startsWith('/health/'));
  });
  const codes = calls.flatMap((call) => [...call.guard.problems, ...call.problems, ...problemCatalogue.implied(call)]);
  return [...new Set<LicenceCode>([...codes, 'NO_SUCH_CALL'])];
}

/** Whether a table of the text has a row with this code, its number and its status. */
function hasRow(text: string, code: LicenceCode): boolean {
  const { num, status } = licenceCodes[code];
  return new RegExp(`^\\| \`${code}\` *\\| ${num} *\\| ${status} *\\|`, 'm').test(text);
}

describe('the codes of the licence server', () => {
  test('docs/licence-protocol.md has a row for each that a call of a node can answer', () => {
    const codes = declared('nodes');
    expect(codes).toEqual(expect.arrayContaining(['SUBSCRIPTION_NOT_FOUND', 'CLUSTER_ID_MISMATCH', 'RATE_LIMITED']));
    expect(codes.filter((code) => !hasRow(protocol, code))).toEqual([]);
  });

  test('and docs/licence-server.md for each of the others', () => {
    const others = declared('all').filter((code) => !hasRow(protocol, code));
    expect(others.length).toBeGreaterThan(15);
    expect(others.filter((code) => !hasRow(server, code))).toEqual([]);
  });

  test('none that a call can answer stands in the table of what the client raises itself', () => {
    const raised = protocol.slice(protocol.indexOf('Raised by the client itself'));
    expect(declared('all').filter((code) => raised.includes(`| \`${code}\``))).toEqual([]);
  });
});
