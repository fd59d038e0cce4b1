import { fileURLToPath } from 'node:url';
import express, { type Express } from 'express';
import { ReasonError } from '../contracts/reasons.ts';
import { mountRoutes, refuseMethod, refuseOtherMethods } from '../routing/mount.ts';
import { problemHandler } from '../routing/problems.ts';
import { nameRequests, requestIdOf } from '../routing/request-id.ts';
import { newId } from '../runtime/new-id.ts';
import type { ApiDeps } from './deps.ts';
import { accessLog } from './middleware/access-log.ts';
import { createRateLimits } from './middleware/rate-limits.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { apiDocument } from './openapi.ts';
import { mountDocs } from './pages/docs-page.ts';
import { mountHelpPages } from './pages/help-pages.ts';
import { mountInvitationPage } from './pages/invitation-page.ts';
import { mountOrderPage } from './pages/order-page.ts';
import { problemAnswer } from './problems.ts';
import { allRoutes } from './routes/all-routes.ts';
import { mountStripeWebhook } from './routes/stripe-webhook.ts';
import { apiServer, methodRefused } from './server.ts';

/** The API as an express application; listening, sweeps and draining are the caller's. */
export function createApi(deps: ApiDeps): Express {
  const publicUrl = deps.config.FREEHOLD_PUBLIC_URL;
  const app = express();
  app.disable('x-powered-by').set('etag', false).set('query parser', 'simple');
  app.set('trust proxy', deps.config.API_TRUST_PROXY);
  app.use(
    nameRequests({ header: 'X-Request-Id', newId: newId.request }),
    accessLog(deps.log),
    securityHeaders(publicUrl),
  );

  // Stripe is not rate-limited: its signature authenticates it, and no event may be lost.
  mountStripeWebhook(app, deps);
  app.all('/v1/stripe/webhook', refuseMethod(['post'], methodRefused));
  const limits = createRateLimits(deps);
  app.use(/^\/(?!health\/|assets\/).*/, limits.perIp);

  mountRoutes(app, allRoutes, apiServer(deps, limits.limitAccount));
  refuseOtherMethods(app, allRoutes, methodRefused);
  mountDocs(app, apiDocument(deps.config), deps.config);
  mountHelpPages(app);
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
  app.use(
    problemHandler({
      problemOf: (error, requestId) => problemAnswer(error, { requestId, publicUrl }),
      requestIdOf: (_request, response) => requestIdOf(response),
      log: deps.log,
    }),
  );
  return app;
}
