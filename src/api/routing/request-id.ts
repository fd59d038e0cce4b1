import type { RequestHandler, Response } from 'express';
import { newId } from '../../runtime/new-id.ts';

/** Gives every request an id that its answer, its problem, its log line and its audit entry carry. */
export const requestId: RequestHandler = (_request, response, next) => {
  const id = newId.request();
  response.locals.requestId = id;
  response.set('X-Request-Id', id);
  next();
};

export function requestIdOf(response: Response): string {
  return response.locals.requestId as string;
}
