import { z } from 'zod';
import { ListLimit, listOf } from '../../contracts/api/common.ts';
import { Instance } from '../../contracts/api/instances.ts';
import { Operation } from '../../contracts/api/operations.ts';
import { InstanceId, OperationId } from '../../contracts/ids.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import { route } from '../../routing/route.ts';
import type { InstanceRecord } from '../../store/records.ts';
import type { ApiDeps } from '../deps.ts';
import { requireAccount } from '../guards/require-account.ts';
import type { SignedIn } from '../guards/session.ts';
import { instanceViews } from '../views/instance-view.ts';
import { operationView } from '../views/operation-view.ts';

const params = z.object({ id: InstanceId });
const limited = z.object({ limit: ListLimit });

/** An instance of the caller's account; anybody else's is `not_found`. */
export async function ownInstance(deps: ApiDeps, caller: SignedIn, id: string): Promise<InstanceRecord> {
  const instance = await deps.store.instances.find(id);
  if (instance?.accountId !== caller.account._id) throw new ReasonError('not_found');
  return instance;
}

export const instanceRoutes = [
  route({
    method: 'get',
    path: '/v1/instances',
    tag: 'Instances',
    summary: 'Servers of the account',
    guard: requireAccount('viewer'),
    query: limited,
    answers: { 200: listOf(Instance) },
    problems: [],
    handler: async ({ deps, caller, query }) => {
      const instances = await deps.store.instances.list({ accountId: caller.account._id }, query.limit);
      return { status: 200, body: { items: await instanceViews(deps, instances) } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/instances/{id}',
    tag: 'Instances',
    summary: 'One server',
    guard: requireAccount('viewer'),
    params,
    answers: { 200: Instance },
    problems: [],
    handler: async ({ deps, caller, params: { id } }) => {
      const [view] = await instanceViews(deps, [await ownInstance(deps, caller, id)]);
      if (!view) throw new ReasonError('not_found');
      return { status: 200, body: view };
    },
  }),
  route({
    method: 'get',
    path: '/v1/instances/{id}/operations',
    tag: 'Instances',
    summary: 'Operations of a server, newest first',
    guard: requireAccount('viewer'),
    params,
    query: limited,
    answers: { 200: listOf(Operation) },
    problems: [],
    handler: async ({ deps, caller, params: { id }, query }) => {
      const instance = await ownInstance(deps, caller, id);
      const filter = { instanceId: instance._id, accountId: caller.account._id };
      const operations = await deps.store.operations.list(filter, query.limit);
      return { status: 200, body: { items: operations.map((operation) => operationView(operation)) } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/operations/{id}',
    tag: 'Instances',
    summary: 'One operation with its steps',
    guard: requireAccount('viewer'),
    params: z.object({ id: OperationId }),
    answers: { 200: Operation },
    problems: [],
    handler: async ({ deps, caller, params: { id } }) => {
      const operation = await deps.store.operations.find(id);
      if (operation?.accountId !== caller.account._id) throw new ReasonError('not_found');
      return { status: 200, body: operationView(operation) };
    },
  }),
];
