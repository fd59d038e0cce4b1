import type { RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import { Refusal } from '../refusal.ts';
import type { Settings } from '../settings.ts';

/** Limit of requests per address, told in `RateLimit` headers; over it RATE_LIMITED. Each process counts for itself. */
export function createAddressLimit({ requestsPer10s }: Pick<Settings, 'requestsPer10s'>): RequestHandler {
  return rateLimit({
    windowMs: 10_000,
    limit: requestsPer10s,
    standardHeaders: 'draft-7',
    legacyHeaders: false,
    handler: () => {
      throw new Refusal('RATE_LIMITED', 'Too many requests from this address.', { retryAfterSec: 10 });
    },
  });
}
