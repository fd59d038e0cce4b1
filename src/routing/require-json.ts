import type { RequestHandler } from 'express';

/** Refuses a body that is not sent as `application/json`; a request without a body passes. */
export function requireJson(problem: () => Error): RequestHandler {
  return (request, _response, next) => {
    const hasBody = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length']) > 0;
    if (hasBody && !request.is('application/json')) throw problem();
    next();
  };
}
