import { z } from 'zod';
import { route } from '../../../routing/route.ts';
import {
  EntitlementsPush,
  ExtendLicence,
  IdempotencyKey,
  IssueLicence,
  LicenceId,
  LicenceList,
  LicenceLookup,
  LicenceView,
  RenewalPreview,
  RevokeLicence,
  RotateKey,
  StandingPush,
  SuspendLicence,
  TransferLicence,
  YearsInQuery,
} from '../../protocol/admin.ts';
import { requireAdmin } from '../guards/require-admin.ts';
import { rotateKey } from '../keys/stored-keys.ts';
import { extendTerm } from '../licences/extend-term.ts';
import {
  issueLicence,
  knownLicence,
  licenceView,
  listLicences,
  pushEntitlements,
  pushStanding,
  revokeLicence,
} from '../licences/licences-admin.ts';
import { reinstateLicence, suspendLicence } from '../licences/suspend-licence.ts';
import { transferLicence } from '../licences/transfer-licence.ts';
import { extendUpdates, previewRenewal } from '../perpetual/perpetual.ts';

const tag = 'licences';
const guard = requireAdmin;
const params = z.object({ id: LicenceId });
const headers = z.object({ 'idempotency-key': IdempotencyKey });
const answers = { 200: LicenceView };

export const licenceAdminRoutes = [
  route({
    method: 'post',
    path: '/v1/admin/licenses',
    tag,
    summary: 'Issue a licence, once per idempotency key',
    guard,
    headers,
    body: IssueLicence,
    answers: { 201: LicenceView, 200: LicenceView },
    problems: ['UNKNOWN_PRODUCT_OR_PLAN', 'IDEMPOTENCY_CONFLICT'],
    async handler({ headers, body: request, caller, context }) {
      const call = { ...caller, idempotencyKey: headers['idempotency-key'] };
      const { licence, licenceKey, created } = await issueLicence(context, request, call);
      return { status: created ? 201 : 200, body: await licenceView(context, licence, licenceKey) };
    },
  }),
  route({
    method: 'get',
    path: '/v1/admin/licenses',
    tag,
    summary: 'The licences of one reference, in full; or a page of all that are not revoked, in brief',
    guard,
    query: z.strictObject({
      externalRef: z.string().min(1).max(128).optional(),
      after: LicenceId.or(z.literal('')).default(''),
      limit: z.coerce.number().int().min(1).max(500).default(100),
    }),
    answers: { 200: z.union([LicenceList, LicenceLookup]) },
    problems: [],
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
    problems: ['SUBSCRIPTION_NOT_FOUND'],
    handler: async ({ params, context }) => ({
      status: 200,
      body: await licenceView(context, await knownLicence(context, params.id)),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/admin/licenses/{id}/standing',
    tag,
    summary: 'Push the standing; applied if its revision is higher than the current one',
    guard,
    params,
    body: StandingPush,
    answers,
    problems: ['SUBSCRIPTION_NOT_FOUND'],
    async handler({ params, body, caller, context }) {
      const licence = await pushStanding(context, params.id, body, caller);
      return { status: 200, body: await licenceView(context, licence) };
    },
  }),
  route({
    method: 'post',
    path: '/v1/admin/licenses/{id}/entitlements',
    tag,
    summary: 'Change plan, seats, add-ons, limits and features; applied if the revision is higher',
    guard,
    params,
    body: EntitlementsPush,
    answers,
    problems: ['SUBSCRIPTION_NOT_FOUND', 'UNKNOWN_PRODUCT_OR_PLAN', 'LICENSE_REVOKED'],
    async handler({ params, body, caller, context }) {
      const licence = await pushEntitlements(context, params.id, body, caller);
      return { status: 200, body: await licenceView(context, licence) };
    },
  }),
  route({
    method: 'get',
    path: '/v1/admin/licenses/{id}/renewal',
    tag,
    summary: 'What more years of updates would add and cost today',
    guard,
    params,
    query: z.strictObject({ years: YearsInQuery.default(1) }),
    answers: { 200: RenewalPreview },
    problems: ['SUBSCRIPTION_NOT_FOUND', 'NOT_PERPETUAL', 'LICENSE_REVOKED'],
    handler: async ({ params, query, context }) => ({
      status: 200,
      body: previewRenewal(await knownLicence(context, params.id), query),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/admin/licenses/{id}/extend',
    tag,
    summary: 'Add paid years of updates, or extend a subscription; once per idempotency key',
    guard,
    params,
    headers,
    body: ExtendLicence,
    answers,
    problems: [
      ...(['SUBSCRIPTION_NOT_FOUND', 'NOT_PERPETUAL', 'LICENSE_REVOKED'] as const),
      ...(['IDEMPOTENCY_CONFLICT', 'SUBSCRIPTION_NOT_ACTIVE', 'LICENSE_CHANGED'] as const),
    ],
    async handler({ params, headers, body, caller, context }) {
      const call = { ...caller, idempotencyKey: headers['idempotency-key'] };
      const licence =
        'years' in body
          ? await extendUpdates(context, params.id, body, call)
          : await extendTerm(context, params.id, new Date(body.until), caller);
      return { status: 200, body: await licenceView(context, licence) };
    },
  }),
  route({
    method: 'post',
    path: '/v1/admin/licenses/{id}/suspend',
    tag,
    summary: 'Stop a licence, whatever its standing; its nodes keep their seats',
    guard,
    params,
    body: SuspendLicence,
    answers,
    problems: ['SUBSCRIPTION_NOT_FOUND', 'LICENSE_REVOKED'],
    async handler({ params, body, caller: { actor, requestId }, context }) {
      const licence = await suspendLicence(context, params.id, body, { actor, requestId });
      return { status: 200, body: await licenceView(context, licence) };
    },
  }),
  route({
    method: 'post',
    path: '/v1/admin/licenses/{id}/reinstate',
    tag,
    summary: "Lift an operator's stop; nodes may run again from their next check",
    guard,
    params,
    answers,
    problems: ['SUBSCRIPTION_NOT_FOUND', 'LICENSE_REVOKED'],
    async handler({ params, caller: { actor, requestId }, context }) {
      const licence = await reinstateLicence(context, params.id, { actor, requestId });
      return { status: 200, body: await licenceView(context, licence) };
    },
  }),
  route({
    method: 'post',
    path: '/v1/admin/licenses/{id}/transfer',
    tag,
    summary: 'Move a licence to another account; its nodes keep running',
    guard,
    params,
    headers,
    body: TransferLicence,
    answers,
    problems: ['SUBSCRIPTION_NOT_FOUND', 'LICENSE_REVOKED', 'LICENSE_CHANGED', 'IDEMPOTENCY_CONFLICT'],
    async handler({ params, headers, body: { revealKey, ...request }, caller, context }) {
      const call = { ...caller, idempotencyKey: headers['idempotency-key'] };
      const { licence, licenceKey } = await transferLicence(context, params.id, request, call);
      return { status: 200, body: await licenceView(context, licence, revealKey ? licenceKey : undefined) };
    },
  }),
  route({
    method: 'post',
    path: '/v1/admin/licenses/{id}/rotate-key',
    tag,
    summary: 'Replace the key; running nodes keep running',
    guard,
    params,
    headers,
    body: RotateKey,
    answers,
    problems: ['SUBSCRIPTION_NOT_FOUND', 'LICENSE_REVOKED', 'LICENSE_CHANGED', 'IDEMPOTENCY_CONFLICT'],
    async handler({ params, headers, body, caller, context }) {
      const call = { ...caller, idempotencyKey: headers['idempotency-key'] };
      const { licence, licenceKey } = await rotateKey(context, await knownLicence(context, params.id), call);
      return { status: 200, body: await licenceView(context, licence, body.revealKey ? licenceKey : undefined) };
    },
  }),
  route({
    method: 'post',
    path: '/v1/admin/licenses/{id}/revoke',
    tag,
    summary: 'Revoke a licence for good; its seats become free',
    guard,
    params,
    body: RevokeLicence,
    answers,
    problems: ['SUBSCRIPTION_NOT_FOUND'],
    async handler({ params, body, caller, context }) {
      const licence = await revokeLicence(context, params.id, body, caller);
      return { status: 200, body: await licenceView(context, licence) };
    },
  }),
];
