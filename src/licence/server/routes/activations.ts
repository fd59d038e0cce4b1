import { route } from '../../../routing/route.ts';
import { ActivationAnswer, ReplayHeaders, replayHeader } from '../../protocol/answers.ts';
import type { LicenceCode } from '../../protocol/codes.ts';
import { ActivationRequest, RedeemRequest } from '../../protocol/requests.ts';
import { type SeatGrant, seatRequestOfActivation, seatRequestOfRedeem, wireGrant } from '../../protocol/wire-names.ts';
import { activate } from '../activations/activate.ts';
import { redeem } from '../activations/enrolment.ts';
import { open } from '../guards/guard.ts';
import { proveByKey } from '../licences/licence-by-key.ts';

/** Refusals of an authenticated node that gets no seat. */
const seatRefusals: readonly LicenceCode[] = [
  'SUBSCRIPTION_NOT_FOUND',
  'SUBSCRIPTION_NOT_ACTIVE',
  'ACTIVE_INSTANCES_CAPACITY_EXCEEDED',
  'OFFLINE_LICENSE_ALREADY_ISSUED',
  'UNSUPPORTED_SOFTWARE_VERSION',
  'UNKNOWN_RELEASE',
  'CLUSTER_ID_MISMATCH',
  'SEAT_FLAPPING',
  'ALREADY_ACTIVATED',
  'CLONE_SUSPECTED',
];

const answers = { 201: ActivationAnswer, 200: ActivationAnswer };
const answerHeaders = { 200: ReplayHeaders };

export const activationRoutes = [
  route({
    method: 'post',
    path: '/v1/activations',
    tag: 'nodes',
    summary: 'Give a node a seat, by licence key',
    description: '200 when the same `activationId` is repeated before the first check: the same answer.',
    guard: open,
    body: ActivationRequest,
    answers,
    answerHeaders,
    problems: ['INVALID_LICENSE_SECRET', ...seatRefusals],
    async handler({ body, caller, context }) {
      const { licenceKey, product, ...request } = seatRequestOfActivation(body);
      const licence = await proveByKey(context, { licenceKey, product }, caller);
      return granted(await activate(context, licence, request, { ...caller, actor: 'key-holder' }));
    },
  }),
  route({
    method: 'post',
    path: '/v1/enrollments/redeem',
    tag: 'nodes',
    summary: 'Give a node a seat, by its enrolment token',
    guard: open,
    body: RedeemRequest,
    answers,
    answerHeaders,
    problems: ['ENROLLMENT_REFUSED', ...seatRefusals],
    handler: async ({ body, caller, context }) => granted(await redeem(context, seatRequestOfRedeem(body), caller)),
  }),
];

function granted({ grant, created }: { grant: SeatGrant; created: boolean }) {
  const body = wireGrant(grant);
  return created ? { status: 201 as const, body } : { status: 200 as const, body, headers: { [replayHeader]: 'true' } };
}
