import express, { type Express } from 'express';
import helmet from 'helmet';
import { mountRoutes, refuseMethod, refuseOtherMethods } from '../../routing/mount.ts';
import { problemHandler } from '../../routing/problems.ts';
import { limitRequests } from '../../routing/rate-limit.ts';
import { nameRequests } from '../../routing/request-id.ts';
import { callerOf } from './caller.ts';
import type { ServerContext } from './context.ts';
import { requireAdmin } from './guards/require-admin.ts';
import { newRequestId } from './ids.ts';
import { licenceDocument } from './openapi.ts';
import { problemAnswer } from './problems.ts';
import { Refusal } from './refusal.ts';
import { allRoutes } from './routes/all-routes.ts';
import { licenceServer } from './server.ts';

const limitWindowMs = 10_000;

/** The licence server's HTTP interface. Stateless: any number of processes may serve one database. */
export function createApp(context: ServerContext): Express {
  const app = express();
  app.set('trust proxy', context.settings.trustProxy);
  app.set('query parser', 'simple');
  app.disable('etag');
  app.use(helmet(), nameRequests({ header: 'Request-Id', newId: newRequestId }));

  const limit = limitRequests({
    windowMs: limitWindowMs,
    most: context.settings.requestsPer10s,
    headers: 'draft-7',
    refusal: () =>
      new Refusal('RATE_LIMITED', 'Too many requests from this address.', { retryAfterSec: limitWindowMs / 1_000 }),
  });
  mountRoutes(app, allRoutes, licenceServer(context, limit));
  const document = JSON.stringify(licenceDocument());
  app.get('/openapi.json', (_request, response) => {
    response.set('Cache-Control', 'public, max-age=300').type('application/json').send(document);
  });

  // Nobody else is told which calls the control plane has.
  app.use('/v1/admin', async (request, response, next) => {
    await requireAdmin.admit({ request, response, context, params: {} });
    next();
  });
  app.use('/v1', limit);
  refuseOtherMethods(app, allRoutes, otherMethod);
  app.all('/openapi.json', refuseMethod(['get'], otherMethod));
  app.use(() => {
    throw new Refusal('NO_SUCH_CALL');
  });
  app.use(
    problemHandler({
      problemOf: problemAnswer,
      requestIdOf: (request, response) => callerOf(request, response).requestId,
      log: context.log,
    }),
  );
  return app;
}

const otherMethod = (allowed: string) => new Refusal('METHOD_NOT_ALLOWED', `This address supports ${allowed}.`);
