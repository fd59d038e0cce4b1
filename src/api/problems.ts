import type { z } from 'zod';
import { type FieldProblem, Problem } from '../contracts/problem.ts';
import { type ReasonCode, ReasonError, RefusedFields, reasons } from '../contracts/reasons.ts';
import { fieldText } from '../routing/field-text.ts';
import type { RequestPart } from '../routing/mount.ts';
import type { ProblemAnswer, ProblemCatalogue } from '../routing/problems.ts';
import { isDatabaseAway } from '../runtime/database-away.ts';
import { textsOf } from '../texts/texts.ts';

const { reasons: reasonTexts } = textsOf('en');

/** The API's problem types are the reason codes. */
export const problemCatalogue: ProblemCatalogue<ReasonCode> = {
  schema: Problem,
  implied: ({ params, query, headers, body }) => [
    ...(['too_many_requests', 'internal', 'records_unreachable'] as const),
    ...(params ? (['not_found'] as const) : []),
    ...(query || headers || body ? (['invalid_request'] as const) : []),
    ...(headers ? (['idempotency_key_missing'] as const) : []),
    ...(body ? (['malformed_body', 'body_too_large', 'unsupported_media_type', 'email_invalid'] as const) : []),
  ],
  statusOf: (code) => reasons[code].status,
  sentenceOf: (code) => `\`${code}\`: ${reasonTexts[code].customer}`,
  saysWhen: (code) => [429, 503].includes(reasons[code].status),
  codeOf: (error) => (error instanceof ReasonError ? error.code : undefined),
};

/** How many fields a problem names. */
const mostFields = 20;

/** A request that does not fit its schemas; the code is `email_invalid` if only e-mail addresses are invalid. */
class InvalidRequest extends ReasonError {
  readonly errors: z.infer<typeof FieldProblem>[];

  constructor(issues: readonly z.core.$ZodIssue[], part: RequestPart) {
    const onlyEmails = issues.every((issue) => issue.code === 'invalid_format' && issue.format === 'email');
    super(onlyEmails ? 'email_invalid' : 'invalid_request');
    const root = part === 'body' ? [] : [part];
    this.errors = issues.slice(0, mostFields).map((issue) => ({
      path: [...root, ...issue.path].join('.').slice(0, 200) || part,
      message: fieldText(issue),
    }));
  }
}

/**
 * The reason for a request that does not fit its schemas. A malformed id in the path is `not_found`, a missing
 * Idempotency-Key `idempotency_key_missing`.
 */
export function misfitReason(issues: readonly z.core.$ZodIssue[], part: RequestPart): ReasonError {
  if (part === 'params') return new ReasonError('not_found');
  const isMissingKey = issues.some(({ path, input }) => path[0] === 'idempotency-key' && input === undefined);
  if (part === 'headers' && isMissingKey) return new ReasonError('idempotency_key_missing');
  return new InvalidRequest(issues, part);
}

/** Reason codes for errors of express and its parsers. */
function codeOfHttpError(error: { status?: number; type?: string }): ReasonCode | undefined {
  switch (error.type) {
    case 'entity.too.large':
    case 'parameters.too.many':
      return 'body_too_large';
    case 'entity.parse.failed':
    case 'request.size.invalid':
    case 'entity.verify.failed':
      return 'malformed_body';
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return 'unsupported_media_type';
    default:
      // A path that cannot be decoded is `not_found`.
      return error.status === 400 ? 'not_found' : undefined;
  }
}

/** The reason code of an error that has none of its own. */
function codeOfError(error: unknown): ReasonCode {
  if (isDatabaseAway(error)) return 'records_unreachable';
  return codeOfHttpError(error as { status?: number; type?: string }) ?? 'internal';
}

/** The problem document of a reason code; `detail` never holds secrets. */
function problemOf(
  code: ReasonCode,
  facts: { requestId: string; base: string; detail?: string | undefined; errors?: z.infer<typeof FieldProblem>[] },
): Problem {
  const { status, retryable } = reasons[code];
  const { customer, next } = reasonTexts[code];
  return {
    type: `${facts.base}/docs/problems#${code}`,
    title: customer,
    status,
    code,
    ...(facts.detail ? { detail: facts.detail } : {}),
    next,
    requestId: facts.requestId,
    retryable,
    ...(facts.errors ? { errors: facts.errors } : {}),
  };
}

function fieldsOf(error: unknown): { errors?: z.infer<typeof FieldProblem>[] } {
  if (error instanceof InvalidRequest) return { errors: error.errors };
  if (!(error instanceof RefusedFields)) return {};
  const errors = error.fields.slice(0, mostFields).map(({ path, error: { code, detail } }) => {
    const { customer } = reasonTexts[code];
    return { path, code, message: detail ? `${customer} (${detail})` : customer };
  });
  return { errors };
}

/** The problem document of any error; an unknown one is `internal`, and only the log has its text. */
export function problemAnswer(error: unknown, facts: { requestId: string; publicUrl: string }): ProblemAnswer {
  const known = error instanceof ReasonError ? error : undefined;
  const code = known?.code ?? codeOfError(error);
  const body = problemOf(code, {
    requestId: facts.requestId,
    base: facts.publicUrl.replace(/\/$/, ''),
    detail: known?.detail,
    ...fieldsOf(error),
  });
  const retryAfterMs = known?.retryAfterMs ?? (body.status === 503 ? 5_000 : undefined);
  return {
    status: body.status,
    headers: retryAfterMs === undefined ? {} : { 'Retry-After': String(Math.ceil(retryAfterMs / 1_000)) },
    body,
    ...(code === 'internal' || (!known && code === 'records_unreachable') ? { log: 'error' } : {}),
  };
}
