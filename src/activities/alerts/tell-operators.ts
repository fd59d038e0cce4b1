import { createHash } from 'node:crypto';
import type { Incident } from '../../contracts/api/incidents.ts';
import type { AlertMessage, TellOperatorsInput } from '../../contracts/incidents.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import { describeIncident } from '../../domain/operations/describe-incident.ts';
import { renderIncident } from '../../mail/incident.ts';
import type { Mail } from '../../mail/layout.ts';
import { renderOpenIncidents } from '../../mail/open-incidents.ts';
import { nowDate } from '../../runtime/clock.ts';
import { surroundingsOf } from '../../store/incident-surroundings.ts';
import type { IncidentRecord } from '../../store/records.ts';
import type { AlertPorts } from './ports.ts';

const hourMs = 3_600_000;
/** How many incidents and tickets the daily look names. */
const longestLook = 200;

/** One address that is to be told; the id is all that Temporal stores of it. */
interface Target {
  id: string;
  kind: 'mail' | 'webhook';
  address: string;
}

/** The ids of everybody who is to be told: by the severity of the incident; of everything open, as of a warning. */
export function alertTargets(ports: AlertPorts) {
  return async ({ incidentId }: TellOperatorsInput): Promise<string[]> =>
    (await targetsOf(ports, incidentId ? await findIncident(ports, incidentId) : null)).map(({ id }) => id);
}

/**
 * Tells one target. Equal ids however often it is sent, so that receivers can drop a repeated one; a target that is
 * no longer configured is left out. Errors: `mail_unavailable`, `alert_not_taken` (retryable), `mail_refused`.
 */
export function tellTarget(ports: AlertPorts) {
  return async (message: AlertMessage, targetId: string): Promise<void> => {
    const incident = message.incidentId ? await findIncident(ports, message.incidentId) : null;
    const target = (await targetsOf(ports, incident)).find(({ id }) => id === targetId);
    if (!target) return;
    if (incident) await tellIncident(ports, { message, target, incident });
    else await tellOpen(ports, { message, target });
  };
}

async function tellIncident(
  ports: AlertPorts,
  { message, target, incident }: { message: AlertMessage; target: Target; incident: IncidentRecord },
): Promise<void> {
  const described = await describe(ports, incident);
  if (target.kind === 'webhook') {
    const body = { type: 'incident.opened', timestamp: described.openedAt, data: described } as const;
    return ports.post(target.address, { id: message.id, body });
  }
  const earlier = await ports.store.incidents.countBefore(incident, hourMs);
  // A failure of many orders at once must not bury the mailbox: the rest is in the daily look, and in webhooks.
  if (earlier >= ports.mailsPerHour) return;
  await mail(ports, {
    message,
    target,
    mail: renderIncident(described, { isLast: earlier + 1 === ports.mailsPerHour }),
  });
}

async function tellOpen(
  ports: AlertPorts,
  { message, target }: { message: AlertMessage; target: Target },
): Promise<void> {
  const { incidents, tickets } = ports.store;
  const [open, mismatches] = await Promise.all([
    incidents.newest({ isOpen: true }, { limit: longestLook }),
    tickets.newest({ state: 'open' }, { limit: longestLook }),
  ]);
  const described = await Promise.all(open.items.map((each) => describe(ports, each)));
  // A ticket that repairs itself is no incident.
  const told = new Set(open.items.map(({ subject }) => subject));
  const others = mismatches.items
    .filter(({ _id }) => !told.has(_id))
    .map(({ _id, kind, subject }) => ({ id: _id, kind, subject }));
  if (target.kind === 'mail') {
    await mail(ports, { message, target, mail: renderOpenIncidents({ incidents: described, tickets: others }) });
    return;
  }
  const data = { incidents: described, tickets: others };
  await ports.post(target.address, {
    id: message.id,
    body: { type: 'incidents.open', timestamp: nowDate().toISOString(), data },
  });
}

async function mail(
  { sender, baseDomain }: AlertPorts,
  { message, target, mail: content }: { message: AlertMessage; target: Target; mail: Mail },
): Promise<void> {
  await sender.send({ messageId: `<${message.id}.${target.id}@${baseDomain}>`, to: target.address, ...content });
}

async function describe({ store, links }: AlertPorts, incident: IncidentRecord): Promise<Incident> {
  return describeIncident(incident, await surroundingsOf(store, incident), links);
}

async function findIncident({ store }: AlertPorts, id: string): Promise<IncidentRecord> {
  const incident = await store.incidents.find(id);
  if (!incident) throw new ReasonError('not_found', `incident ${id}`);
  return incident;
}

async function targetsOf({ addresses }: AlertPorts, incident: IncidentRecord | null): Promise<Target[]> {
  const { mail: mails, webhook: webhooks } = addresses[incident?.severity ?? 'warning'];
  return [
    ...mails.map((address) => targetAt('mail', address)),
    ...webhooks.map((address) => targetAt('webhook', address)),
  ];
}

function targetAt(kind: Target['kind'], address: string): Target {
  return { id: `${kind}-${createHash('sha256').update(address).digest('hex').slice(0, 12)}`, kind, address };
}
