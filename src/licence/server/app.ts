import express, { type Express } from 'express';
import helmet from 'helmet';
import { mountRoutes, refuseMethod, refuseOtherMethods } from '../../routing/mount.ts';
import { problemHandler } from '../../routing/problems.ts';
import { limitRequests } from '../../routing/rate-limit.ts';
import { mountReference } from '../../routing/reference/mount-reference.ts';
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

/** The page of the calls loads its style from here and runs nothing. */
const securityHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      formAction: ["'none'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
});

const limitWindowMs = 10_000;

/** The licence server's HTTP interface. Stateless: any number of processes may serve one database. */
export function createApp(context: ServerContext): Express {
  const app = express();
  app.set('trust proxy', context.settings.trustProxy);
  app.set('query parser', 'simple');
  app.disable('etag');
  app.use(securityHeaders, nameRequests({ header: 'Request-Id', newId: newRequestId }));

  const limit = limitRequests({
    windowMs: limitWindowMs,
    most: context.settings.requestsPer10s,
    headers: 'draft-7',
    refusal: () =>
      new Refusal('RATE_LIMITED', 'Too many requests from this address.', { retryAfterSec: limitWindowMs / 1_000 }),
  });
  mountRoutes(app, allRoutes, licenceServer(context, limit));
  const document = licenceDocument();
  const text = JSON.stringify(document);
  app.get('/openapi.json', (_request, response) => {
    response.set('Cache-Control', 'public, max-age=300').type('application/json').send(text);
  });
  mountReference(app, document, {
    base: '$LICENCE_SERVER_URL',
    document: '/openapi.json',
    credentials: {
      admin: () => ['-H "Authorization: Bearer $LICENCE_ADMIN_TOKEN"'],
      account: () => ['-H "Authorization: Bearer $ACCOUNT_TOKEN"'],
    },
  });

  // Nobody else is told which calls the control plane has.
  app.use('/v1/admin', async (request, response, next) => {
    await requireAdmin.admit({ request, response, context, params: {} });
    next();
  });
  app.use('/v1', limit);
  refuseOtherMethods(app, allRoutes, otherMethod);
  app.all(['/openapi.json', '/docs'], refuseMethod(['get'], otherMethod));
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
