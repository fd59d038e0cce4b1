import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { monotonic } from '../../runtime/clock.ts';
import { newId } from '../../runtime/new-id.ts';
import { textsOf } from '../../texts/texts.ts';
import type { Host } from '../host.ts';
import { lockRefusal } from '../limits.ts';
import { HostError, hostReasons, problemOf } from '../reasons.ts';
import { apiRoutes, deviceRoutes } from './api.ts';
import { hostnameOf, knowsHost } from './hostname.ts';
import { sendErrorPage } from './pages/error-page.ts';
import { pageRoutes } from './pages/routes.ts';
import { createLimiters } from './rate-limits.ts';
import { session } from './session.ts';

/** Everything except `/healthz`, which answers before this is loaded. */
export function createApp(host: Host): Express {
  const app = express();
  app.disable('x-powered-by');
  // Only the router in front of this process can connect; it forwards the client's address.
  app.set('trust proxy', 'loopback');
  app.set('query parser', 'simple');

  app.use(requestLog(host));
  app.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          styleSrc: ["'self'"],
          imgSrc: ["'self'"],
          formAction: ["'self'"],
          baseUri: ["'none'"],
          frameAncestors: ["'none'"],
        },
      },
      referrerPolicy: { policy: 'same-origin' },
      xFrameOptions: { action: 'deny' },
      // Hostnames come and go with the domains; browsers that remember one would only log warnings.
      originAgentCluster: false,
    }),
  );
  app.use((req, _res, next) => {
    if (!knowsHost(host, hostnameOf(req))) throw new HostError('unknown_host');
    const licence = host.licence();
    if (licence.state === 'LOCKED' && licence.effect === 'stop') throw lockRefusal('licence_stopped', licence);
    next();
  });

  const limiters = createLimiters();
  app.use('/v1', deviceRoutes(host));
  app.use(session(host));
  app.use('/api', apiRoutes(host, limiters));
  app.use(pageRoutes(host, limiters));
  app.use(() => {
    throw new HostError('not_found');
  });
  app.use(errors(host));
  return app;
}

/** One line per request with the route's pattern: no ids, no queries, no addresses. */
function requestLog({ log }: Host): RequestHandler {
  return (req, res, next) => {
    const started = monotonic();
    const requestId = newId.request();
    res.locals.requestId = requestId;
    res.setHeader('X-Request-Id', requestId);
    res.on('finish', () => {
      const route = `${req.baseUrl}${req.route?.path ?? ''}` || '(none)';
      const ms = Math.round(monotonic() - started);
      log.info({ requestId, method: req.method, route, status: res.statusCode, ms }, 'request');
    });
    next();
  };
}

/** Body parser and router throw their own errors; any other error that is not a HostError is a bug. */
function hostErrorOf(error: unknown): HostError {
  if (error instanceof HostError) return error;
  const { type, status, limit } = error as { type?: unknown; status?: unknown; limit?: unknown };
  if (type === 'entity.too.large') {
    const detail = textsOf('en').host.details.tooLarge({ kilobytes: Math.floor(Number(limit) / 1_024) });
    return new HostError('body_too_large', { detail, cause: error });
  }
  if (type === 'encoding.unsupported' || type === 'charset.unsupported') {
    return new HostError('unsupported_media_type', { cause: error });
  }
  // The router reads no address that is not properly escaped.
  if (error instanceof URIError) return new HostError('not_found', { cause: error });
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new HostError('malformed_body', { cause: error });
  return new HostError('internal', { cause: error });
}

function errors(host: Host): ErrorRequestHandler {
  return (error, req, res, next) => {
    const { requestId } = res.locals;
    const refusal = hostErrorOf(error);
    const status = hostReasons[refusal.code];
    if (refusal.code === 'internal') host.log.error({ requestId, err: refusal.cause }, 'request failed');
    else if (status >= 400) host.log.info({ requestId, code: refusal.code }, 'refused');
    if (res.headersSent) return next(error);
    if (refusal.code === 'starting') res.setHeader('Retry-After', '2');
    if (refusal.code === 'credential_wrong') res.setHeader('WWW-Authenticate', 'Bearer');
    res.setHeader('Cache-Control', 'no-store');
    const wantsJson = req.path.startsWith('/api/') || req.path.startsWith('/v1/');
    if (wantsJson || refusal.code === 'unknown_host') {
      res
        .status(status)
        .type('application/problem+json')
        .send(JSON.stringify(problemOf(refusal, requestId)));
    } else {
      sendErrorPage(host, { req, res, refusal });
    }
  };
}
