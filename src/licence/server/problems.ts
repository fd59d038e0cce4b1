import type { z } from 'zod';
import type { ProblemAnswer, ProblemCatalogue } from '../../routing/problems.ts';
import { shownPart } from '../../routing/problems.ts';
import { isDatabaseAway } from '../../runtime/database-away.ts';
import { type LicenceCode, licenceCodes } from '../protocol/codes.ts';
import { LicenceProblem } from '../protocol/problem.ts';
import { problemOf, Refusal } from './refusal.ts';

/** The licence server's problems are the codes of the protocol. */
export const problemCatalogue: ProblemCatalogue<LicenceCode> = {
  schema: LicenceProblem,
  implied: (route) => [
    ...(['GENERAL_SERVER_ERROR', 'SERVICE_UNAVAILABLE'] as const),
    ...(route.params || route.query || route.headers || route.body ? (['INVALID_LICENSE_CHECK_REQUEST'] as const) : []),
    ...(route.body ? (['BODY_TOO_LARGE'] as const) : []),
    ...(isLimited(route) ? (['RATE_LIMITED'] as const) : []),
  ],
  statusOf: (code) => licenceCodes[code].status,
  sentenceOf: (code) => `${licenceCodes[code].num} \`${code}\`: ${licenceCodes[code].title}`,
  codeOf: (error) => (error instanceof Refusal ? error.code : undefined),
};

/** Whether calls of a route count for the limit of requests per address: all but the control plane's and health. */
export function isLimited({ path, guard }: { path: string; guard: { security: readonly string[] } }): boolean {
  return path.startsWith('/v1/') && !guard.security.includes('admin');
}

/** The refusal of a request that does not fit its schemas: it names the fields, never values. */
export function misfitRefusal(issues: readonly z.core.$ZodIssue[]): Refusal {
  const fields = issues
    .slice(0, 5)
    .map(({ path, code }) => `${path.map((name) => shownPart(String(name))).join('.') || 'body'} (${code})`);
  return new Refusal('INVALID_LICENSE_CHECK_REQUEST', `Invalid: ${fields.join(', ')}.`);
}

/** The problem body of any error; what is not a refusal is logged and never shown. */
export function problemAnswer(error: unknown, requestId: string): ProblemAnswer {
  const refusal = refusalOf(error);
  return {
    status: refusal.status,
    headers: headersOf(refusal),
    body: problemOf(refusal, requestId),
    log: refusal.status >= 500 ? 'error' : 'info',
  };
}

function headersOf({ retryAfterSec, limit }: Refusal): Record<string, string> {
  return {
    ...(retryAfterSec === undefined ? {} : { 'Retry-After': String(retryAfterSec) }),
    // In place of what the limit per address says of itself: this one was reached.
    ...(limit && {
      'RateLimit-Policy': `${limit.most};w=${limit.windowSec}`,
      RateLimit: `limit=${limit.most}, remaining=0, reset=${retryAfterSec ?? limit.windowSec}`,
    }),
  };
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const { type, status } = error as { type?: string; status?: number };
  if (type === 'entity.too.large') return new Refusal('BODY_TOO_LARGE');
  if (status !== undefined && status >= 400 && status < 500) {
    return new Refusal('INVALID_LICENSE_CHECK_REQUEST', 'The request could not be read.');
  }
  if (isDatabaseAway(error)) {
    return new Refusal('SERVICE_UNAVAILABLE', 'The database does not answer.', { retryAfterSec: 5 });
  }
  return new Refusal('GENERAL_SERVER_ERROR');
}
