import express, { type Express } from 'express';
import helmet from 'helmet';
import type { ServerContext } from './context.ts';
import { requireAdmin } from './guards/require-admin.ts';
import { nameRequest, problemHandler, unknownCall } from './http.ts';
import { allRoutes } from './routes/all-routes.ts';
import { createAddressLimit } from './routing/address-limit.ts';
import { mountRoutes } from './routing/mount.ts';
import { openApiDocument } from './routing/openapi.ts';

/** The licence server's HTTP interface. Stateless: any number of processes may serve one database. */
export function createApp(context: ServerContext): Express {
  const app = express();
  app.set('trust proxy', context.settings.trustProxy);
  app.set('query parser', 'simple');
  app.disable('etag');
  app.use(helmet(), nameRequest);

  const limit = createAddressLimit(context.settings);
  mountRoutes(app, allRoutes, { context, limit });
  const document = JSON.stringify(openApiDocument(allRoutes));
  app.get('/openapi.json', (_request, response) => {
    response.set('Cache-Control', 'public, max-age=300').type('application/json').send(document);
  });

  // Only the control plane may learn which admin routes exist.
  app.use('/v1/admin', async (request, _response, next) => {
    await requireAdmin.admit(request, context);
    next();
  });
  app.use('/v1', limit);
  app.use(unknownCall);
  app.use(problemHandler(context));
  return app;
}
