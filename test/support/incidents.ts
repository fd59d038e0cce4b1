import { createIncidents } from '../../src/activities/lib/incidents.ts';
import type { Store } from '../../src/store/store.ts';

/** Incidents in this store, and the ids of those that operators would be told about, in order. */
export function watchIncidents(store: Pick<Store, 'incidents'>) {
  const told: string[] = [];
  const incidents = createIncidents(store, async (incidentId) => {
    told.push(incidentId);
  });
  return { incidents, told };
}
