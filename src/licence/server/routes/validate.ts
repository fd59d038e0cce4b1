import { route } from '../../../routing/route.ts';
import { ValidateAnswer } from '../../protocol/answers.ts';
import { ValidateRequest } from '../../protocol/requests.ts';
import { open } from '../guards/guard.ts';
import { validate } from '../licences/licence-by-key.ts';

export const validateRoutes = [
  route({
    method: 'post',
    path: '/v1/licenses/validate',
    tag: 'nodes',
    summary: 'Whether a key is valid; takes no seat',
    guard: open,
    body: ValidateRequest,
    answers: { 200: ValidateAnswer },
    problems: ['INVALID_LICENSE_SECRET'],
    handler: async ({ body, caller, context }) => ({ status: 200, body: await validate(context, body, caller) }),
  }),
];
