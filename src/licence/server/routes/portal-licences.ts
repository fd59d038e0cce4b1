import { z } from 'zod';
import { route } from '../../../routing/route.ts';
import { IdempotencyKey, LicenceId } from '../../protocol/admin.ts';
import {
  AccountExport,
  PortalKey,
  PortalLicence,
  PortalLicences,
  SeatsPreview,
  SeatsPreviewRequest,
  SeatsRequest,
} from '../../protocol/portal.ts';
import { requireAccount } from '../guards/require-account.ts';
import { rotateKey, showKey } from '../keys/stored-keys.ts';
import { licenceOfAccount } from '../portal/account-scope.ts';
import { exportAccount } from '../portal/export-account.ts';
import { portalLicence } from '../portal/portal-views.ts';
import { changeSeats, previewSeats } from '../seats/change-seats.ts';

const tag = 'portal';
const params = z.object({ id: LicenceId });
const headers = z.object({ 'idempotency-key': IdempotencyKey });

/** An account's licences for its members. Ids of other accounts are `not_found`. */
export const portalLicenceRoutes = [
  route({
    method: 'get',
    path: '/v1/me/licenses',
    tag,
    summary: 'The licences of the account, revoked ones included',
    guard: requireAccount(),
    query: z.strictObject({
      after: LicenceId.or(z.literal('')).default(''),
      limit: z.coerce.number().int().min(1).max(100).default(50),
    }),
    answers: { 200: PortalLicences },
    problems: [],
    async handler({ query: { after, limit }, caller, context }) {
      const licences = await context.db.licences.ofAccount(caller.account, after, limit);
      return {
        status: 200,
        body: {
          licenses: await Promise.all(licences.map((licence) => portalLicence(context, licence))),
          next: licences.length === limit ? licences.at(-1)!._id : null,
        },
      };
    },
  }),
  route({
    method: 'get',
    path: '/v1/me/licenses/{id}',
    tag,
    summary: 'One licence',
    guard: requireAccount(),
    params,
    answers: { 200: PortalLicence },
    problems: ['SUBSCRIPTION_NOT_FOUND'],
    async handler({ params, caller, context }) {
      const licence = await licenceOfAccount(context, caller.account, params.id);
      return { status: 200, body: await portalLicence(context, licence) };
    },
  }),
  route({
    method: 'post',
    path: '/v1/me/licenses/{id}/key/reveal',
    tag,
    summary: 'Show the key again, if the plan allows it; audited',
    guard: requireAccount('admin'),
    params,
    answers: { 200: PortalKey },
    problems: ['SUBSCRIPTION_NOT_FOUND', 'KEY_NOT_SHOWN'],
    async handler({ params, caller, context }) {
      const licence = await licenceOfAccount(context, caller.account, params.id);
      const { actor, requestId } = caller;
      const licenseKey = await showKey(context, licence, { actor, requestId });
      return { status: 200, body: { licenseId: licence._id, licenseKey, keyLast4: licence.keyLast4 } };
    },
  }),
  route({
    method: 'post',
    path: '/v1/me/licenses/{id}/key/rotate',
    tag,
    summary: 'Replace the key; running nodes keep running. The new key is shown only in this answer',
    guard: requireAccount('admin'),
    params,
    headers,
    answers: { 200: PortalKey },
    problems: ['SUBSCRIPTION_NOT_FOUND', 'LICENSE_REVOKED', 'LICENSE_CHANGED', 'IDEMPOTENCY_CONFLICT'],
    async handler({ params, headers, caller, context }) {
      const held = await licenceOfAccount(context, caller.account, params.id);
      const call = { ...caller, idempotencyKey: headers['idempotency-key'] };
      const { licence, licenceKey } = await rotateKey(context, held, call);
      return {
        status: 200,
        body: { licenseId: licence._id, licenseKey: licenceKey, keyLast4: licence.keyLast4 },
      };
    },
  }),
  route({
    method: 'post',
    path: '/v1/me/licenses/{id}/seats/preview',
    tag,
    summary: 'The price of another number of production seats; changes nothing',
    guard: requireAccount('payer', 'admin'),
    params,
    body: SeatsPreviewRequest,
    answers: { 200: SeatsPreview },
    problems: ['SUBSCRIPTION_NOT_FOUND', 'SUBSCRIPTION_NOT_ACTIVE', 'SEATS_NOT_SOLD_HERE'],
    async handler({ params, body, caller, context }) {
      const licence = await licenceOfAccount(context, caller.account, params.id);
      const price = await previewSeats(context, licence, body.seats);
      return { status: 200, body: { ...body, planRev: licence.planRev, ...price } };
    },
  }),
  route({
    method: 'post',
    path: '/v1/me/licenses/{id}/seats',
    tag,
    summary: 'Add or remove production seats at the previewed price, once per idempotency key',
    guard: requireAccount('payer'),
    params,
    headers,
    body: SeatsRequest,
    answers: { 200: PortalLicence },
    problems: ['SUBSCRIPTION_NOT_FOUND', 'SUBSCRIPTION_NOT_ACTIVE', 'SEATS_NOT_SOLD_HERE', 'LICENSE_CHANGED'],
    async handler({ params, headers, body, caller, context }) {
      const held = await licenceOfAccount(context, caller.account, params.id);
      const call = { ...caller, idempotencyKey: headers['idempotency-key'] };
      const licence = await changeSeats(context, held, body, call);
      return { status: 200, body: await portalLicence(context, licence) };
    },
  }),
  route({
    method: 'get',
    path: '/v1/me/export',
    tag,
    summary: 'All data of this server about the account, without keys and secrets',
    guard: requireAccount('admin', 'payer'),
    answers: { 200: AccountExport },
    problems: [],
    handler: async ({ caller, context }) => ({
      status: 200,
      body: await exportAccount(context, caller.account),
      headers: { 'Content-Disposition': 'attachment; filename="licences.json"' },
    }),
  }),
];
