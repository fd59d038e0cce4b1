import type { Incident } from '../contracts/api/incidents.ts';
import { textsOf } from '../texts/texts.ts';
import { age, sheet, table } from './print.ts';

const { empty, incident: texts } = textsOf('en').cli;

export function incidentsText(incidents: readonly Incident[]): string {
  if (incidents.length === 0) return empty.incidents;
  return table(
    ['incident', 'severity', 'state', 'reason', 'what', 'age'],
    incidents.map(({ id, severity, state, reason, title, openedAt }) => [
      id,
      severity,
      state,
      reason,
      title,
      age(openedAt),
    ]),
  );
}

export function incidentText(incident: Incident): string {
  const { decisions, look } = incident;
  const facts = sheet({
    incident: incident.id,
    what: incident.title,
    severity: incident.severity,
    state: incident.state,
    reason: incident.reason,
    meaning: incident.meaning,
    detail: incident.detail,
    'to do': incident.next,
    step: incident.step && `${incident.step} (attempt ${incident.attempt})`,
    operation: incident.operationId,
    instance: incident.instanceId,
    order: incident.orderId,
    opened: incident.openedAt,
    told: incident.toldAt,
    closed: incident.closedAt,
    page: incident.links.workflow,
  });
  const choices = decisions.flatMap(({ effect, command }) => [`  ${effect}:`, `    ${command}`]);
  return [facts, ...(choices.length > 0 ? ['', texts.decide, ...choices] : []), '', texts.look({ look })].join('\n');
}
