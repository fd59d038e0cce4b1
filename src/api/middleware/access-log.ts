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
        ...idsIn(path),
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

const idPatterns = {
  orderId: /\/(ord_[0-9a-z]{16})\b/,
  instanceId: /\/(i[0-9a-hjkmnp-tv-z]{16})(?=\/|$)/,
  operationId: /\/(op_[0-9a-z]{16})\b/,
};

/** The ids that a path names, so that the lines about one order can be found. */
function idsIn(path: string): Partial<Record<keyof typeof idPatterns, string>> {
  const found = Object.entries(idPatterns).map(([name, pattern]) => [name, pattern.exec(path)?.[1]]);
  return Object.fromEntries(found.filter(([, id]) => id !== undefined));
}
