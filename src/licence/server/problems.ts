import type { z } from 'zod';
import { closestIssues, fieldText } from '../../routing/field-text.ts';
import type { RequestPart } from '../../routing/mount.ts';
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
    ...(route.body ? (['BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const) : []),
    ...(isLimited(route) ? (['RATE_LIMITED'] as const) : []),
  ],
  statusOf: (code) => licenceCodes[code].status,
  sentenceOf: (code) => `${licenceCodes[code].num} \`${code}\`: ${licenceCodes[code].title}`,
  saysWhen: (code) => ['RATE_LIMITED', 'SERVICE_UNAVAILABLE', 'SEAT_FLAPPING'].includes(code),
  codeOf: (error) => (error instanceof Refusal ? error.code : undefined),
};

/** Whether calls of a route count for the limit of requests per address: all but the control plane's and health. */
export function isLimited({ path, guard }: { path: string; guard: { security: readonly string[] } }): boolean {
  return path.startsWith('/v1/') && !guard.security.includes('admin');
}

/** The refusal of a request that does not fit its schemas: a sentence for each field, never a value. */
export function misfitRefusal(issues: readonly z.core.$ZodIssue[], part: RequestPart): Refusal {
  const sentences = issues
    .flatMap(closestIssues)
    .slice(0, 5)
    .map((issue) => {
      const root = part === 'body' ? [] : [part];
      const path = [...root, ...issue.path].map((name) => shownPart(String(name))).join('.') || part;
      return `${path}: ${fieldText(withShownKeys(issue))}`;
    });
  return new Refusal('INVALID_LICENSE_CHECK_REQUEST', sentences.join(' '));
}

/** An unknown name may be a key or a secret that came where a name belongs. */
function withShownKeys(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  return issue.code === 'unrecognized_keys' ? { ...issue, keys: issue.keys.map(shownPart) } : issue;
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
  if (status === 415) return new Refusal('UNSUPPORTED_MEDIA_TYPE');
  if (status !== undefined && status >= 400 && status < 500) {
    return new Refusal('INVALID_LICENSE_CHECK_REQUEST', 'The request could not be read.');
  }
  if (isDatabaseAway(error)) {
    return new Refusal('SERVICE_UNAVAILABLE', 'The database does not answer.', { retryAfterSec: 5 });
  }
  return new Refusal('GENERAL_SERVER_ERROR');
}
