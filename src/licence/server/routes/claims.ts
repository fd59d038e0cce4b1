import { z } from 'zod';
import { noBody } from '../../../routing/answer.ts';
import { route } from '../../../routing/route.ts';
import {
  ApproveClaim,
  ClaimAnswer,
  ClaimPoll,
  ClaimPollAnswer,
  ClaimRequest,
  ClaimView,
  UserCode,
} from '../../protocol/claims.ts';
import { approveClaim, beginClaim, pollClaim, refuseClaim, showClaim } from '../claims/claims.ts';
import { open } from '../guards/guard.ts';
import { requireAccount } from '../guards/require-account.ts';

const tag = 'claims';
const guard = requireAccount('admin');
const params = z.object({ code: UserCode });

export const claimRoutes = [
  route({
    method: 'post',
    path: '/v1/claims',
    tag,
    summary: 'A node without a key asks for a licence and shows where to assign one',
    guard: open,
    body: ClaimRequest,
    answers: { 201: ClaimAnswer },
    problems: ['UNKNOWN_PRODUCT_OR_PLAN'],
    handler: async ({ body, caller, context }) => ({ status: 201, body: await beginClaim(context, body, caller) }),
  }),
  route({
    method: 'post',
    path: '/v1/claims/poll',
    tag,
    summary: 'Whether a licence was assigned; the key is returned by one answer only',
    guard: open,
    body: ClaimPoll,
    answers: { 200: ClaimPollAnswer },
    problems: [],
    handler: async ({ body, caller, context }) => ({
      status: 200,
      body: await pollClaim(context, body.claimToken, caller),
    }),
  }),
  route({
    method: 'get',
    path: '/v1/me/claims/{code}',
    tag,
    summary: 'The node that claims a licence with this code',
    guard,
    params,
    answers: { 200: ClaimView },
    problems: ['CLAIM_NOT_FOUND'],
    handler: async ({ params, caller, context }) => ({
      status: 200,
      body: await showClaim(context, params.code, caller),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/me/claims/{code}/approve',
    tag,
    summary: 'Assign a licence of the account',
    guard,
    params,
    body: ApproveClaim,
    answers: { 200: ClaimView },
    problems: ['CLAIM_NOT_FOUND', 'SUBSCRIPTION_NOT_FOUND', 'CLAIM_LICENSE_REJECTED'],
    handler: async ({ params, body, caller, context }) => ({
      status: 200,
      body: await approveClaim(context, params.code, body.licenseId, caller),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/me/claims/{code}/refuse',
    tag,
    summary: 'Refuse the claim',
    guard,
    params,
    answers: { 204: noBody },
    problems: ['CLAIM_NOT_FOUND'],
    async handler({ params, caller, context }) {
      await refuseClaim(context, params.code, caller);
      return { status: 204, body: undefined };
    },
  }),
];
