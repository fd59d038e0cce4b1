import { fileURLToPath } from 'node:url';
import express, { type Express } from 'express';
import { ReasonError } from '../contracts/reasons.ts';
import type { ApiDeps } from './deps.ts';
import { accessLog } from './middleware/access-log.ts';
import { createRateLimits } from './middleware/rate-limits.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { mountDocs } from './pages/docs-page.ts';
import { mountInvitationPage } from './pages/invitation-page.ts';
import { mountOrderPage } from './pages/order-page.ts';
import { allRoutes } from './routes/all-routes.ts';
import { mountStripeWebhook } from './routes/stripe-webhook.ts';
import { mountRoutes, refuseMethod } from './routing/mount.ts';
import { openApiDocument } from './routing/openapi.ts';
import { problemHandler } from './routing/problems.ts';
import { requestId } from './routing/request-id.ts';

/** The API as an express application; whoever calls this listens, sweeps and drains. */
export function createApi(deps: ApiDeps): Express {
  const app = express();
  app.disable('x-powered-by').set('etag', false).set('query parser', 'simple');
  app.use(requestId, accessLog(deps.log), securityHeaders(deps.config.FREEHOLD_PUBLIC_URL));

  // Stripe is not limited: it proves itself by its signature, and what it says must come in.
  mountStripeWebhook(app, deps);
  app.all('/v1/stripe/webhook', refuseMethod(['post']));
  const limits = createRateLimits(deps);
  app.use(/^\/(?!health\/|assets\/).*/, limits.perIp);

  mountRoutes(app, allRoutes, deps, limits.limitAccount);
  mountDocs(app, openApiDocument(allRoutes, { publicUrl: deps.config.FREEHOLD_PUBLIC_URL, version: '1.0.0' }));
  mountOrderPage(app, deps);
  mountInvitationPage(app, deps);
  const assets = fileURLToPath(new URL('./pages/assets', import.meta.url));
  app.use('/assets', express.static(assets, { index: false, maxAge: '5m', fallthrough: true }));
  app.get('/', (_request, response) => {
    response.redirect('/docs');
  });

  app.use(() => {
    throw new ReasonError('not_found');
  });
  app.use(problemHandler(deps));
  return app;
}
