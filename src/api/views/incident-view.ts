import type { Incident } from '../../contracts/api/incidents.ts';
import { describeIncident } from '../../domain/operations/describe-incident.ts';
import { surroundingsOf } from '../../store/incident-surroundings.ts';
import type { IncidentRecord } from '../../store/records.ts';
import type { ApiDeps } from '../deps.ts';

export async function incidentView(
  { store, config, workflows }: Pick<ApiDeps, 'store' | 'config' | 'workflows'>,
  incident: IncidentRecord,
): Promise<Incident> {
  const links = { publicUrl: config.FREEHOLD_PUBLIC_URL, workflowPage: workflows.pageOf };
  return describeIncident(incident, await surroundingsOf(store, incident), links);
}
