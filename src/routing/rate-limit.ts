import type { Request, RequestHandler, Response } from 'express';
import { rateLimit } from 'express-rate-limit';
import { clientOf } from '../runtime/client-of.ts';

export interface RequestLimit {
  /** Requests allowed per key and window. */
  most: number;
  windowMs: number;
  /** Form of the `RateLimit` headers. */
  headers: 'draft-7' | 'draft-8';
  /** Name of the limit, in headers of draft 8. */
  identifier?: string;
  /** Key under which requests are counted; by default the client (`clientOf`). */
  keyOf?(request: Request, response: Response): string;
  /** The problem of a request above the limit. */
  refusal(retryAfterMs: number): Error;
}

/** A rate limit, reported in `RateLimit` headers. Each process counts separately. */
export function limitRequests(limit: RequestLimit): RequestHandler {
  return rateLimit({
    windowMs: limit.windowMs,
    limit: limit.most,
    standardHeaders: limit.headers,
    legacyHeaders: false,
    ...(limit.identifier === undefined ? {} : { identifier: limit.identifier }),
    keyGenerator: limit.keyOf ?? (({ ip }) => clientOf(ip)),
    handler: (_request, response) => {
      const retryAfter = Number(response.get('Retry-After') ?? limit.windowMs / 1_000);
      throw limit.refusal(retryAfter * 1_000);
    },
  });
}
