import { z } from 'zod';
import { route } from '../../../routing/route.ts';
import { LicenceId } from '../../protocol/admin.ts';
import { InstanceCursor, KeepInstance, PortalInstance, PortalInstances } from '../../protocol/portal.ts';
import { WireInstanceId } from '../../protocol/requests.ts';
import { deactivate } from '../activations/end-activation.ts';
import { keepOne } from '../activations/resolve-copy.ts';
import { requireAccount } from '../guards/require-account.ts';
import { knownLicence } from '../licences/licences-admin.ts';
import { activationOfAccount } from '../portal/account-scope.ts';
import { listInstances } from '../portal/list-instances.ts';
import { portalInstance, seatedStatuses } from '../portal/portal-views.ts';

const tag = 'portal';
const params = z.object({ id: WireInstanceId });

/** An account's nodes for its members; "instance" on this wire is an activation (protocol/words.ts). */
export const portalInstanceRoutes = [
  route({
    method: 'get',
    path: '/v1/me/instances',
    tag,
    summary: 'The nodes of the account or of one of its licences',
    guard: requireAccount(),
    query: z.strictObject({
      licenseId: LicenceId.optional(),
      /** `active`: running nodes; `ended`: former ones. */
      status: z.enum(['active', 'ended', 'all']).default('active'),
      after: InstanceCursor.or(z.literal('')).default(''),
      limit: z.coerce.number().int().min(1).max(100).default(50),
    }),
    answers: { 200: PortalInstances },
    problems: ['SUBSCRIPTION_NOT_FOUND'],
    async handler({ query: { licenseId, status, after, limit }, caller, context }) {
      const statuses = seatedStatuses.filter(
        (each) => status === 'all' || (status === 'active') === (each === 'active'),
      );
      const request = { licenceId: licenseId, statuses, after, limit };
      return { status: 200, body: await listInstances(context, caller.account, request) };
    },
  }),
  route({
    method: 'post',
    path: '/v1/me/instances/{id}/deactivate',
    tag,
    summary: 'End a node and free its seat; repeating it changes nothing',
    guard: requireAccount('admin'),
    params,
    answers: { 200: PortalInstance },
    problems: ['INSTANCE_NOT_FOUND'],
    async handler({ params, caller, context }) {
      const { actor, requestId } = caller;
      await activationOfAccount(context, caller.account, params.id);
      const activation = await deactivate(context, params.id, { actor, requestId });
      return { status: 200, body: portalInstance(await knownLicence(context, activation.licenceId), activation) };
    },
  }),
  route({
    method: 'post',
    path: '/v1/me/instances/{id}/keep',
    tag,
    summary: 'Decide which of two hosts with the same node continues; the other one is refused from then on',
    guard: requireAccount('admin'),
    params,
    body: KeepInstance,
    answers: { 200: PortalInstance },
    problems: ['INSTANCE_NOT_FOUND', 'NO_COPY_SUSPECTED', 'LICENSE_CHANGED'],
    async handler({ params, body, caller, context }) {
      const { actor, requestId } = caller;
      const { activation, licence } = await activationOfAccount(context, caller.account, params.id);
      const kept = await keepOne(context, activation, body.keep, { actor, requestId });
      return { status: 200, body: portalInstance(licence, kept) };
    },
  }),
];
