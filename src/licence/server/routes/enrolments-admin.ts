import { route } from '../../../routing/route.ts';
import { EndEnrolments, EndEnrolmentsAnswer, EnrolmentAnswer, IssueEnrolment } from '../../protocol/admin.ts';
import { closeEnrolments, issueEnrolment, upEnded } from '../activations/enrolment.ts';
import { requireAdmin } from '../guards/require-admin.ts';

const tag = 'enrolments';
const guard = requireAdmin;

export const enrolmentAdminRoutes = [
  route({
    method: 'post',
    path: '/v1/admin/enrollments',
    tag,
    summary: 'The token with which one node activates once; the same three values give the same token',
    guard,
    body: IssueEnrolment,
    answers: { 200: EnrolmentAnswer },
    problems: ['SUBSCRIPTION_NOT_FOUND', 'LICENSE_REVOKED'],
    handler: async ({ body, caller, context }) => ({
      status: 200,
      body: await issueEnrolment(context, body, caller),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/admin/enrollments/up-ended',
    tag,
    summary: '`up` has ended: open tokens can be redeemed only for a limited time',
    guard,
    body: EndEnrolments,
    answers: { 200: EndEnrolmentsAnswer },
    problems: ['SUBSCRIPTION_NOT_FOUND'],
    handler: async ({ body, caller, context }) => ({
      status: 200,
      body: await upEnded(context, body, caller),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/admin/enrollments/close',
    tag,
    summary: 'Ready or undone: no token can be redeemed any more',
    guard,
    body: EndEnrolments,
    answers: { 200: EndEnrolmentsAnswer },
    problems: ['SUBSCRIPTION_NOT_FOUND'],
    handler: async ({ body, caller, context }) => ({
      status: 200,
      body: await closeEnrolments(context, body, caller),
    }),
  }),
];
