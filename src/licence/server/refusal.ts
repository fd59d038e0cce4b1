import { type LicenceCode, licenceCodes } from '../protocol/codes.ts';
import type { LicenceProblem, SeatHolder } from '../protocol/problem.ts';

/** Ends a call with a code of the protocol. The detail never contains a key, a secret or a token. */
export class Refusal extends Error {
  readonly code: LicenceCode;
  readonly detail: string;
  readonly verdict: string | undefined;
  readonly retryAfterSec: number | undefined;
  /** The limit that was reached, with RATE_LIMITED. */
  readonly limit: { most: number; windowSec: number } | undefined;
  /** Who holds the seats that were asked for. */
  readonly holders: SeatHolder[] | undefined;
  /** HTTP status of the answer. */
  readonly status: number;

  constructor(
    code: LicenceCode,
    detail?: string,
    extra: { verdict?: string } & Partial<Pick<Refusal, 'retryAfterSec' | 'limit' | 'holders'>> = {},
  ) {
    super(code);
    this.name = 'Refusal';
    this.code = code;
    this.detail = detail ?? licenceCodes[code].title;
    this.status = licenceCodes[code].status;
    this.verdict = extra.verdict;
    this.retryAfterSec = extra.retryAfterSec;
    this.limit = extra.limit;
    this.holders = extra.holders;
  }
}

/** The response body of a refusal. */
export function problemOf(refusal: Refusal, requestId: string): LicenceProblem {
  const { num, title, retryable, remedy } = licenceCodes[refusal.code];
  return {
    code: refusal.code,
    num,
    title,
    detail: refusal.detail,
    retryable,
    remedy,
    requestId,
    ...(refusal.verdict === undefined ? {} : { verdict: refusal.verdict }),
    ...(refusal.holders === undefined ? {} : { holders: refusal.holders }),
  };
}
