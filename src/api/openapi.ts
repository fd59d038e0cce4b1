import type { ApiConfig } from '../config.ts';
import { openApiDocument } from '../routing/openapi.ts';
import type { Json } from '../routing/schemas.ts';
import { describeFields } from './describe-fields.ts';
import { cookieName } from './guards/cookies.ts';
import type { Security } from './guards/guard.ts';
import { sessionCookie } from './guards/session.ts';
import { problemCatalogue } from './problems.ts';
import { allRoutes } from './routes/all-routes.ts';

const schemesOf = (config: ApiConfig): Record<Security, Json> => ({
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: cookieName({ config }, sessionCookie),
    description: 'Cookie of a signed-in member. Writes also need `X-CSRF-Token` from `GET /v1/me`.',
  },
  capability: { type: 'http', scheme: 'bearer', description: 'The `capability` of one order, for this order alone.' },
  operator: { type: 'http', scheme: 'bearer', description: "The installation's operator token." },
});

/** The API's OpenAPI document for its public address. */
export function apiDocument(config: ApiConfig): Json {
  const document = openApiDocument(allRoutes, {
    title: 'Freehold API',
    version: '1.0.0',
    description:
      'Private servers: quote, order, payment, live events. Money is in minor units. Every error is an RFC 9457 ' +
      'problem document whose `code` programs can rely on.',
    url: config.FREEHOLD_PUBLIC_URL,
    schemes: schemesOf(config),
    problems: problemCatalogue,
  });
  return describeFields(document);
}
