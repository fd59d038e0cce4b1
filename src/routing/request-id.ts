import type { RequestHandler, Response } from 'express';

/** Gives every request an id, which appears in the response header, problem, log line and audit entry. */
export function nameRequests({ header, newId }: { header: string; newId: () => string }): RequestHandler {
  return (_request, response, next) => {
    const id = newId();
    response.locals.requestId = id;
    response.set(header, id);
    next();
  };
}

export function requestIdOf(response: Response): string {
  return response.locals.requestId as string;
}
