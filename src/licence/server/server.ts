import type { RequestHandler } from 'express';
import type { RouteServer } from '../../routing/mount.ts';
import { requireJson } from '../../routing/require-json.ts';
import type { LicenceCode } from '../protocol/codes.ts';
import type { ServerContext } from './context.ts';
import type { LicenceFacts } from './guards/guard.ts';
import { isLimited, misfitRefusal, problemCatalogue } from './problems.ts';
import { Refusal } from './refusal.ts';

/** What the licence server passes in to its routes; a call is limited, let in and only then read. */
export function licenceServer(context: ServerContext, limit: RequestHandler): RouteServer<LicenceFacts, LicenceCode> {
  return {
    factsOf: (request, response) => ({ request, response, context }),
    before(route, { admit, readBody, readParams }) {
      const read = route.body ? [requireJson(() => new Refusal('UNSUPPORTED_MEDIA_TYPE')), ...readBody] : [];
      return [
        ...(isLimited(route) ? [limit] : []),
        // Who is let in by what the body says comes after it.
        ...(route.guard.security.length > 0 ? [...admit, ...read] : [...read, ...admit]),
        ...readParams,
      ];
    },
    bodyLimit: '16kb',
    problems: problemCatalogue,
    misfit: misfitRefusal,
    checkAnswers: context.settings.checkAnswers,
  };
}
