import type { Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { ReasonError } from '../../contracts/reasons.ts';
import type { ApiDeps } from '../deps.ts';

const windowMs = 60_000;

/**
 * Limits of requests per minute, per client address and per account, both told in `RateLimit` headers. Each process
 * counts for itself. Over a limit: `too_many_requests`.
 */
export function createRateLimits(deps: Pick<ApiDeps, 'config'>) {
  const refuse = (_request: Request, response: Response) => {
    const retryAfter = Number(response.get('Retry-After') ?? windowMs / 1_000);
    throw new ReasonError('too_many_requests', undefined, { retryAfterMs: retryAfter * 1_000 });
  };
  const shared = { windowMs, standardHeaders: 'draft-8' as const, legacyHeaders: false, handler: refuse };

  const perIp: RequestHandler = rateLimit({
    ...shared,
    identifier: 'per-address',
    limit: deps.config.FREEHOLD_REQUESTS_PER_MINUTE_PER_IP,
    keyGenerator: (request) => ipKeyGenerator(request.ip ?? ''),
  });
  const perAccount: RequestHandler = rateLimit({
    ...shared,
    identifier: 'per-account',
    limit: deps.config.FREEHOLD_REQUESTS_PER_MINUTE_PER_ACCOUNT,
    keyGenerator: (_request, response) => response.locals.accountId as string,
  });

  return {
    perIp,
    async limitAccount(accountId: string, request: Request, response: Response): Promise<void> {
      response.locals.accountId = accountId;
      await new Promise<void>((resolve, reject) => {
        Promise.resolve(perAccount(request, response, (error) => (error ? reject(error) : resolve()))).catch(reject);
      });
    },
  };
}
