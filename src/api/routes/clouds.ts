import { z } from 'zod';
import { CloudCheck } from '../../contracts/api/clouds.ts';
import { CloudCheckId } from '../../contracts/clouds.ts';
import { route } from '../../routing/route.ts';
import { nowDate } from '../../runtime/clock.ts';
import { newId } from '../../runtime/new-id.ts';
import { requireOperator } from '../guards/require-operator.ts';
import { cloudCheckView } from '../views/cloud-view.ts';

const tag = 'Operators';
const guard = requireOperator;

/** Checks of our access to the clouds. */
export const cloudRoutes = [
  route({
    method: 'post',
    path: '/v1/operator/clouds/check',
    tag,
    summary: 'Check every cloud now',
    description:
      'Read-only check of credentials, permissions and machine sizes, run by the workers that have the credentials.',
    guard,
    answers: { 202: CloudCheck },
    problems: ['workflow_unreachable'],
    handler: async ({ deps, caller, requestId }) => {
      const id = newId.cloudCheck();
      const clouds = deps.catalogue.clouds.map(({ name }) => name);
      await deps.workflows.startCloudCheck(id, clouds);
      const actor = `operator:${caller.name}`;
      await deps.store.audit.append({ at: nowDate(), actor, action: 'check-clouds', subject: id, requestId });
      return { status: 202, body: cloudCheckView(id, null, deps.catalogue) };
    },
  }),
  route({
    method: 'get',
    path: '/v1/operator/clouds/check/{id}',
    tag,
    summary: 'The report of a cloud check',
    guard,
    params: z.object({ id: CloudCheckId }),
    answers: { 200: CloudCheck },
    problems: ['workflow_unreachable'],
    handler: async ({ deps, params: { id } }) => {
      const reports = await deps.workflows.cloudCheckReport(id);
      return { status: 200, body: cloudCheckView(id, reports, deps.catalogue) };
    },
  }),
];
