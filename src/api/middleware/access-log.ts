import type { RequestHandler } from 'express';
import { requestIdOf } from '../../routing/request-id.ts';
import { monotonic } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';

/** Paths whose successful requests are not logged. */
const quiet = /^\/(health|assets|docs)\b/;

/** One line per request: no address, no query, no header, nothing personal. */
export function accessLog(log: Log): RequestHandler {
  return (request, response, next) => {
    const began = monotonic();
    const path = request.path;
    response.on('close', () => {
      const status = response.statusCode;
      if (quiet.test(path) && status < 500) return;
      const line = {
        requestId: requestIdOf(response),
        method: request.method,
        path: path.slice(0, 200),
        status,
        ms: Math.round(monotonic() - began),
        ...(response.writableFinished ? {} : { aborted: true }),
      };
      if (status >= 500) log.error(line, 'request');
      else log.info(line, 'request');
    });
    next();
  };
}
