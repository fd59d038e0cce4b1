import express, { type Express } from 'express';
import helmet from 'helmet';
import { adminRoutes } from './admin-routes.ts';
import type { ServerContext } from './context.ts';
import { nameRequest, problemHandler, unknownCall } from './http.ts';
import { publicRoutes } from './public-routes.ts';
import { Refusal } from './refusal.ts';

/** Bodies above this are refused unread (413). */
const bodyLimit = '16kb';

/** The licence server's HTTP interface. Stateless: any number of processes may serve one database. */
export function createApp(context: ServerContext): Express {
  const app = express();
  app.set('trust proxy', context.settings.trustProxy);
  app.set('query parser', 'simple');
  app.disable('etag');
  app.use(helmet(), nameRequest);

  app.get('/health/live', (_request, response) => {
    response.json({ status: 'ok' });
  });
  app.get('/health/ready', async (_request, response) => {
    try {
      await context.db.ping();
    } catch (error) {
      context.log.warn({ err: error }, 'database does not answer');
      throw new Refusal('SERVICE_UNAVAILABLE', 'The database does not answer.', { retryAfterSec: 5 });
    }
    response.json({ status: 'ok' });
  });
  app.get('/.well-known/license-keys.json', (_request, response) => {
    response.set('Cache-Control', 'public, max-age=300').json(context.keys.publicKeys);
  });

  app.use(express.json({ limit: bodyLimit }));
  app.use('/v1/admin', adminRoutes(context));
  app.use('/v1', publicRoutes(context));
  app.use(unknownCall);
  app.use(problemHandler(context));
  return app;
}
