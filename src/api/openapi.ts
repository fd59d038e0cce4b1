import { openApiDocument } from '../routing/openapi.ts';
import type { Json } from '../routing/schemas.ts';
import { describeFields } from './describe-fields.ts';
import type { Security } from './guards/guard.ts';
import { problemCatalogue } from './problems.ts';
import { allRoutes } from './routes/all-routes.ts';

const schemes: Record<Security, Json> = {
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: 'freehold_session',
    description: 'Cookie of a signed-in member. Writes also need `X-CSRF-Token` from `GET /v1/me`.',
  },
  capability: { type: 'http', scheme: 'bearer', description: 'The `capability` of one order, for this order alone.' },
  operator: { type: 'http', scheme: 'bearer', description: "The installation's operator token." },
};

/** The API's OpenAPI document for its public address. */
export function apiDocument(publicUrl: string): Json {
  const document = openApiDocument(allRoutes, {
    title: 'Freehold',
    version: '1.0.0',
    description:
      'Private servers: quote, order, payment, live events. Money is in minor units. Every error is an RFC 9457 ' +
      'problem document whose `code` programs can rely on.',
    url: publicUrl,
    schemes,
    problems: problemCatalogue,
  });
  return describeFields(document);
}
