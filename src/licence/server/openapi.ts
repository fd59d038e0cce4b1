import { openApiDocument } from '../../routing/openapi.ts';
import type { Json } from '../../routing/schemas.ts';
import type { Security } from './guards/guard.ts';
import { problemCatalogue } from './problems.ts';
import { allRoutes } from './routes/all-routes.ts';

const schemes: Record<Security, Json> = {
  admin: { type: 'http', scheme: 'bearer', description: 'The token of LICENCE_ADMIN_TOKEN.' },
  account: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'A token of the account service: EdDSA, `aud` "licence", claims `sub`, `account` and `role`.',
  },
};

/** The licence server's OpenAPI document. */
export function licenceDocument(): Json {
  return openApiDocument(allRoutes, {
    title: 'Freehold licence server',
    version: '1.0.0',
    description:
      'Activation, checks with a rotating secret, seats, enrolment, administration and the licence portal. Every ' +
      'error body has a `code` and a `num` that never change; only a signed `verdict` may lock a node.',
    // Relative to where the document was read: the server knows no address of its own.
    url: '/',
    schemes,
    problems: problemCatalogue,
  });
}
