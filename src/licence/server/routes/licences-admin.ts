import { z } from 'zod';
import {
  EntitlementsPush,
  ExtendUpdates,
  IdempotencyKey,
  IssueLicence,
  LicenceId,
  LicenceList,
  LicenceLookup,
  LicenceView,
  RenewalPreview,
  RevokeLicence,
  StandingPush,
} from '../../protocol/admin.ts';
import { requireAdmin } from '../guards/require-admin.ts';
import {
  issueLicence,
  knownLicence,
  licenceView,
  listLicences,
  pushEntitlements,
  pushStanding,
  revokeLicence,
} from '../licences-admin.ts';
import { extendUpdates, previewRenewal } from '../perpetual.ts';
import { type Route, route } from '../routing/route.ts';

const tag = 'licences';
const guard = requireAdmin;
const params = z.object({ id: LicenceId });
const headers = z.object({ 'idempotency-key': IdempotencyKey });
const answers = { 200: LicenceView };

export const licenceAdminRoutes: readonly Route[] = [
  route({
    method: 'post',
    path: '/v1/admin/licenses',
    tag,
    summary: 'Issue a licence, once per idempotency key',
    guard,
    headers,
    body: IssueLicence,
    answers: { 201: LicenceView, 200: LicenceView },
    refusals: ['UNKNOWN_PRODUCT_OR_PLAN', 'IDEMPOTENCY_CONFLICT'],
    async handler({ headers, body: wish, caller, context }) {
      const call = { idempotencyKey: headers['idempotency-key'], requestId: caller.requestId };
      const { licence, licenceKey, created } = await issueLicence(context, wish, call);
      return { status: created ? 201 : 200, body: await licenceView(context, licence, licenceKey) };
    },
  }),
  route({
    method: 'get',
    path: '/v1/admin/licenses',
    tag,
    summary: 'The licences of one reference, whole; or a page of all that were not revoked, in brief',
    guard,
    query: z.strictObject({
      externalRef: z.string().min(1).max(128).optional(),
      after: LicenceId.or(z.literal('')).default(''),
      limit: z.coerce.number().int().min(1).max(500).default(100),
    }),
    answers: { 200: z.union([LicenceList, LicenceLookup]) },
    refusals: [],
    async handler({ query: { externalRef, after, limit }, context }) {
      if (externalRef === undefined) return { status: 200, body: await listLicences(context, after, limit) };
      const licences = await context.db.licences.byExternalRef(externalRef);
      return {
        status: 200,
        body: { licenses: await Promise.all(licences.map((licence) => licenceView(context, licence))) },
      };
    },
  }),
  route({
    method: 'get',
    path: '/v1/admin/licenses/{id}',
    tag,
    summary: 'One licence with its nodes',
    guard,
    params,
    answers,
    refusals: ['SUBSCRIPTION_NOT_FOUND'],
    handler: async ({ params, context }) => ({
      status: 200,
      body: await licenceView(context, await knownLicence(context, params.id)),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/admin/licenses/{id}/standing',
    tag,
    summary: 'Tell the money side; applied when its revision is higher than the one held',
    guard,
    params,
    body: StandingPush,
    answers,
    refusals: ['SUBSCRIPTION_NOT_FOUND'],
    async handler({ params, body, caller, context }) {
      const licence = await pushStanding(context, params.id, body, caller.requestId);
      return { status: 200, body: await licenceView(context, licence) };
    },
  }),
  route({
    method: 'post',
    path: '/v1/admin/licenses/{id}/entitlements',
    tag,
    summary: 'Change plan, seats, add-ons, limits and features; applied when the revision is higher',
    guard,
    params,
    body: EntitlementsPush,
    answers,
    refusals: ['SUBSCRIPTION_NOT_FOUND', 'UNKNOWN_PRODUCT_OR_PLAN', 'LICENSE_REVOKED'],
    async handler({ params, body, caller, context }) {
      const licence = await pushEntitlements(context, params.id, body, caller.requestId);
      return { status: 200, body: await licenceView(context, licence) };
    },
  }),
  route({
    method: 'get',
    path: '/v1/admin/licenses/{id}/renewal',
    tag,
    summary: 'What more years of updates would give and cost today',
    guard,
    params,
    query: z.strictObject({ years: z.coerce.number().pipe(ExtendUpdates.shape.years).default(1) }),
    answers: { 200: RenewalPreview },
    refusals: ['SUBSCRIPTION_NOT_FOUND', 'NOT_PERPETUAL', 'LICENSE_REVOKED'],
    handler: async ({ params, query, context }) => ({
      status: 200,
      body: previewRenewal(await knownLicence(context, params.id), query),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/admin/licenses/{id}/extend',
    tag,
    summary: 'Add years of updates that were paid, once per idempotency key',
    guard,
    params,
    headers,
    body: ExtendUpdates,
    answers,
    refusals: ['SUBSCRIPTION_NOT_FOUND', 'NOT_PERPETUAL', 'LICENSE_REVOKED', 'IDEMPOTENCY_CONFLICT'],
    async handler({ params, headers, body, caller, context }) {
      const call = { idempotencyKey: headers['idempotency-key'], requestId: caller.requestId };
      return { status: 200, body: await licenceView(context, await extendUpdates(context, params.id, body, call)) };
    },
  }),
  route({
    method: 'post',
    path: '/v1/admin/licenses/{id}/revoke',
    tag,
    summary: 'End a licence for good; its seats become free',
    guard,
    params,
    body: RevokeLicence,
    answers,
    refusals: ['SUBSCRIPTION_NOT_FOUND'],
    async handler({ params, body, caller, context }) {
      const licence = await revokeLicence(context, params.id, body, caller.requestId);
      return { status: 200, body: await licenceView(context, licence) };
    },
  }),
];
