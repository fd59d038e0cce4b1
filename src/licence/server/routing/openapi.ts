import { z } from 'zod';
import { createSchemas, type Json, operationId } from '../../../routing/document.ts';
import { OperatorName } from '../../protocol/admin.ts';
import { type LicenceCode, licenceCodes } from '../../protocol/codes.ts';
import { LicenceProblem } from '../../protocol/problem.ts';
import type { Security } from '../guards/guard.ts';
import { type Route, refusalsOf } from './route.ts';

const schemes: Record<Security, Json> = {
  admin: { type: 'http', scheme: 'bearer', description: 'The token of LICENCE_ADMIN_TOKEN.' },
  account: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'A token of the account service: EdDSA, `aud` "licence", claims `sub`, `account` and `role`.',
  },
};

/** Header of every call of the control plane. */
const byOperator = z.object({ operator: OperatorName.optional() });

/** The OpenAPI 3.1 document of declared routes; their zod schemas are its only source. */
export function openApiDocument(routes: readonly Route[]): Json {
  const { components, schemaOf, parametersOf, answersOf, bodyOf } = createSchemas();

  function refusalAnswers(declared: Route): Json {
    const byStatus = Map.groupBy(refusalsOf(declared), (code: LicenceCode) => licenceCodes[code].status);
    return Object.fromEntries(
      [...byStatus].map(([status, codes]) => [
        String(status),
        {
          description: codes
            .map((code) => `${licenceCodes[code].num} \`${code}\`: ${licenceCodes[code].title}`)
            .join('\n\n'),
          content: { 'application/problem+json': { schema: schemaOf(LicenceProblem, 'output') } },
        },
      ]),
    );
  }

  const paths: Record<string, Json> = {};
  for (const declared of routes) {
    const { method, path, tag, summary, description, guard, params, query, headers, body, answers } = declared;
    paths[path] = {
      ...paths[path],
      [method]: {
        tags: [tag],
        summary,
        operationId: operationId(declared),
        ...(description ? { description } : {}),
        security: guard.security === null ? [] : [{ [guard.security]: [] }],
        parameters: [
          ...parametersOf(params, 'path'),
          ...parametersOf(query, 'query'),
          ...parametersOf(headers, 'header'),
          ...(guard.security === 'admin' ? parametersOf(byOperator, 'header') : []),
        ],
        ...bodyOf(body),
        responses: { ...refusalAnswers(declared), ...answersOf(answers) },
      },
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Freehold licence server',
      version: '1.0.0',
      description:
        'Activation, checks with a rotating secret, seats, enrolment, administration and the licence portal. Every ' +
        'error body has a `code` and a `num` that never change; only a signed `verdict` may lock a node.',
    },
    // Relative to where the document was read: the server knows no address of its own.
    servers: [{ url: '/' }],
    paths,
    components: { schemas: components, securitySchemes: schemes },
  };
}
