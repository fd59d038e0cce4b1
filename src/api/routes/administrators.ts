import { z } from 'zod';
import { AdministratorAnswer, AdministratorRequest } from '../../contracts/api/administrators.ts';
import { emailKey } from '../../contracts/email.ts';
import { InstanceId } from '../../contracts/ids.ts';
import { route } from '../../routing/route.ts';
import { open } from '../guards/guard.ts';

export const administratorRoutes = [
  route({
    method: 'post',
    path: '/v1/instances/{id}/administrator',
    tag: 'Servers',
    summary: 'Whether an address is that of the administrator of a server',
    description:
      'For the server itself, which asks before somebody creates the account of its administrator: the address may ' +
      'have been corrected since it was built. It tells no more than the sign-up of the server does.',
    guard: open,
    params: z.object({ id: InstanceId }),
    body: AdministratorRequest,
    answers: { 200: AdministratorAnswer },
    problems: [],
    handler: async ({ deps, params: { id }, body: { email } }) => {
      const instance = await deps.store.instances.find(id);
      const administrator = instance !== null && emailKey(instance.adminEmail) === emailKey(email);
      return { status: 200, body: { administrator } };
    },
  }),
];
