import type { NewIncident } from '../../contracts/incidents.ts';
import type { Store } from '../../store/store.ts';

/** Longest detail of an incident, characters; logs and the Temporal UI have the rest. */
const longestDetail = 2_000;

/**
 * Opens incidents. Each is told to operators once: one that is open stays the same incident however often its cause
 * is seen, and an activity that died between record and message tells with its next attempt.
 */
export function createIncidents(
  { incidents }: Pick<Store, 'incidents'>,
  /** Starts the telling of this incident; a no-op where it was started before. */
  tell: (incidentId: string) => Promise<void>,
) {
  return {
    async open(incident: NewIncident): Promise<void> {
      const { _id, toldAt } = await incidents.open({ ...incident, detail: incident.detail?.slice(0, longestDetail) });
      if (toldAt) return;
      await tell(_id);
      await incidents.markTold(_id);
    },
    close: incidents.close,
    closeOf: incidents.closeOf,
  };
}

export type Incidents = ReturnType<typeof createIncidents>;
