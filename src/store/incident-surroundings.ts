import type { IncidentSurroundings } from '../domain/operations/describe-incident.ts';
import { primaryHostname } from '../domain/operations/desired-server.ts';
import type { IncidentRecord } from './records.ts';
import type { Store } from './store.ts';

/** What an incident is about: the hostname of its server or order, and the kind of its operation. */
export async function surroundingsOf(
  { instances, orders, operations }: Pick<Store, 'instances' | 'orders' | 'operations'>,
  { instanceId, orderId, operationId }: IncidentRecord,
): Promise<IncidentSurroundings> {
  const [instance, order, operation] = await Promise.all([
    instanceId ? instances.find(instanceId) : null,
    orderId ? orders.find(orderId) : null,
    operationId ? operations.find(operationId) : null,
  ]);
  const hostname = instance ? primaryHostname(instance.desired) : order?.quote.subject.hostname;
  return { hostname, operation: operation?.kind };
}
