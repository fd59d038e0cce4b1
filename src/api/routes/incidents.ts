import { z } from 'zod';
import { pageOf } from '../../contracts/api/common.ts';
import { Incident, IncidentQuery } from '../../contracts/api/incidents.ts';
import { IncidentId } from '../../contracts/incidents.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import { route } from '../../routing/route.ts';
import { requireOperator } from '../guards/require-operator.ts';
import { incidentView } from '../views/incident-view.ts';

const tag = 'Operators';
const guard = requireOperator;

/** What needs a person: everything that operators are told about. */
export const incidentRoutes = [
  route({
    method: 'get',
    path: '/v1/operator/incidents',
    tag,
    summary: 'Incidents, newest first',
    description: 'The same documents as in the webhooks of incidents. `state=open` lists what waits for a person now.',
    guard,
    query: IncidentQuery,
    answers: { 200: pageOf(Incident) },
    problems: [],
    handler: async ({ deps, query: { limit, before, state, severity } }) => {
      const filter = { ...(state ? { isOpen: state === 'open' } : {}), ...(severity ? { severity } : {}) };
      const { items, next } = await deps.store.incidents.newest(filter, { limit, before });
      return { status: 200, body: { items: await Promise.all(items.map((each) => incidentView(deps, each))), next } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/operator/incidents/{id}',
    tag,
    summary: 'One incident: its cause, what can be decided, and where to look',
    guard,
    params: z.object({ id: IncidentId }),
    answers: { 200: Incident },
    problems: [],
    handler: async ({ deps, params: { id } }) => {
      const incident = await deps.store.incidents.find(id);
      if (!incident) throw new ReasonError('not_found');
      return { status: 200, body: await incidentView(deps, incident) };
    },
  }),
];
