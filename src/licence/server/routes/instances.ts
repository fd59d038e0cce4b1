import { z } from 'zod';
import { noBody } from '../../../routing/answer.ts';
import { route } from '../../../routing/route.ts';
import { CheckAnswer, ReplayHeaders, replayHeader } from '../../protocol/answers.ts';
import { CheckRequest, RecoverRequest, ReleaseRequest, WireInstanceId } from '../../protocol/requests.ts';
import { check } from '../activations/check.ts';
import { release } from '../activations/end-activation.ts';
import { recover } from '../activations/recover.ts';
import { open } from '../guards/guard.ts';

const params = z.object({ id: WireInstanceId });

/** The calls of an activated node; "instance" on this wire is an activation (protocol/words.ts). */
export const instanceRoutes = [
  route({
    method: 'post',
    path: '/v1/instances/{id}/check',
    tag: 'nodes',
    summary: 'Rotate the secret and get a new verdict',
    description: 'A lost answer is repeated for the same `requestId`, with the header `Idempotent-Replay: true`.',
    guard: open,
    params,
    body: CheckRequest,
    answers: { 200: CheckAnswer },
    answerHeaders: { 200: ReplayHeaders },
    problems: [
      ...(['INSTANCE_NOT_FOUND', 'INVALID_SECRET', 'INSTANCE_NOT_ACTIVE', 'SUBSCRIPTION_NOT_ACTIVE'] as const),
      ...(['CLONE_SUSPECTED', 'STALE_SECRET', 'UNSUPPORTED_SOFTWARE_VERSION', 'UNKNOWN_RELEASE'] as const),
      'SUBSCRIPTION_NOT_FOUND',
    ],
    handler: async ({ params, body, caller, context }) => answered(await check(context, params.id, body, caller)),
  }),
  route({
    method: 'post',
    path: '/v1/instances/{id}/recover',
    tag: 'nodes',
    summary: 'A new secret for the same node, by licence key or enrolment token',
    guard: open,
    params,
    body: RecoverRequest,
    answers: { 200: CheckAnswer },
    answerHeaders: { 200: ReplayHeaders },
    problems: [
      ...(['INSTANCE_NOT_FOUND', 'INVALID_LICENSE_SECRET', 'ENROLLMENT_REFUSED', 'SUBSCRIPTION_NOT_ACTIVE'] as const),
      ...(['INSTANCE_NOT_ACTIVE', 'UNSUPPORTED_SOFTWARE_VERSION', 'UNKNOWN_RELEASE', 'RECOVERY_REFUSED'] as const),
      'CLONE_SUSPECTED',
    ],
    handler: async ({ params, body, caller, context }) => answered(await recover(context, params.id, body, caller)),
  }),
  route({
    method: 'post',
    path: '/v1/instances/{id}/release',
    tag: 'nodes',
    summary: 'Release the seat; repeating it changes nothing',
    guard: open,
    params,
    body: ReleaseRequest,
    answers: { 204: noBody },
    problems: ['INSTANCE_NOT_FOUND', 'INVALID_SECRET', 'CLONE_SUSPECTED', 'STALE_SECRET'],
    async handler({ params, body, caller, context }) {
      await release(context, params.id, body, caller);
      return { status: 204, body: undefined };
    },
  }),
];

function answered({ answer, replay }: { answer: CheckAnswer; replay: boolean }) {
  return { status: 200 as const, body: answer, ...(replay ? { headers: { [replayHeader]: 'true' } } : {}) };
}
