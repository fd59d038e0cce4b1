import { type AugmentedRequest, type RateLimitRequestHandler, rateLimit } from 'express-rate-limit';
import { clientOf } from '../../runtime/client-of.ts';
import { now } from '../../runtime/clock.ts';
import { textsOf } from '../../texts/texts.ts';
import { HostError } from '../reasons.ts';

/** Failed sign-ins and sign-ups of one client (`clientOf`) in five minutes; successful ones do not count. */
const windowMs = 5 * 60_000;
const signInFailures = 10;
const signUpFailures = 20;

function failures(limit: number): RateLimitRequestHandler {
  return rateLimit({
    windowMs,
    limit,
    keyGenerator: ({ ip }) => clientOf(ip),
    skipSuccessfulRequests: true,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    handler: (request) => {
      const resetTime = (request as AugmentedRequest).rateLimit?.resetTime;
      const waitMs = resetTime ? resetTime.getTime() - now() : windowMs;
      const minutes = Math.max(1, Math.ceil(waitMs / 60_000));
      throw new HostError('too_many_requests', { detail: textsOf('en').host.details.tryAgain({ minutes }) });
    },
  });
}

/** Shared by the pages and the JSON API, so that neither bypasses the other. */
export function createLimiters() {
  return { signIn: failures(signInFailures), signUp: failures(signUpFailures) };
}

export type Limiters = ReturnType<typeof createLimiters>;
