import type { Request, Response } from 'express';
import { ReasonError } from '../../contracts/reasons.ts';
import { limitRequests } from '../../routing/rate-limit.ts';
import type { ApiDeps } from '../deps.ts';

/**
 * Limits of requests per minute, per client address and per account, both reported in `RateLimit` headers. Over a
 * limit: `too_many_requests`.
 */
export function createRateLimits({ config }: Pick<ApiDeps, 'config'>) {
  const shared = {
    windowMs: 60_000,
    headers: 'draft-8' as const,
    refusal: (retryAfterMs: number) => new ReasonError('too_many_requests', undefined, { retryAfterMs }),
  };
  const perIp = limitRequests({
    ...shared,
    identifier: 'per-address',
    most: config.FREEHOLD_REQUESTS_PER_MINUTE_PER_IP,
  });
  const perAccount = limitRequests({
    ...shared,
    identifier: 'per-account',
    most: config.FREEHOLD_REQUESTS_PER_MINUTE_PER_ACCOUNT,
    keyOf: (_request, response) => response.locals.accountId as string,
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
