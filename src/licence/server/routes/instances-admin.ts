import { z } from 'zod';
import { route } from '../../../routing/route.ts';
import { ActivationView } from '../../protocol/admin.ts';
import { WireInstanceId } from '../../protocol/requests.ts';
import { deactivate } from '../activations/end-activation.ts';
import { requireAdmin } from '../guards/require-admin.ts';
import { activationView, knownLicence } from '../licences/licences-admin.ts';

export const instanceAdminRoutes = [
  route({
    method: 'post',
    path: '/v1/admin/instances/{id}/deactivate',
    tag: 'licences',
    summary: 'End a node and free its seat; repeating it changes nothing',
    guard: requireAdmin,
    params: z.object({ id: WireInstanceId }),
    answers: { 200: ActivationView },
    problems: ['INSTANCE_NOT_FOUND', 'RATE_LIMITED'],
    async handler({ params, caller, context }) {
      const { actor, requestId } = caller;
      const activation = await deactivate(context, params.id, { actor, requestId });
      return { status: 200, body: activationView(await knownLicence(context, activation.licenceId), activation) };
    },
  }),
];
