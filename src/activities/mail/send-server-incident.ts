import type { JudgedDrift } from '../../contracts/drift.ts';
import { checkDrift } from '../../contracts/operations/check-drift.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import type { InstanceStatus } from '../../contracts/states.ts';
import type { OperationRef } from '../../contracts/workflow-messages.ts';
import { describeDifference } from '../../domain/operations/describe-resource.ts';
import { primaryHostname } from '../../domain/operations/desired-server.ts';
import { concernsCustomer } from '../../domain/operations/judge-drift.ts';
import { renderServerIncident } from '../../mail/server-incident.ts';
import type { MailPorts } from './ports.ts';
import { deliverAll, type Letter } from './send-mail.ts';

/** Newest operations of a server in which its previous check is looked for. */
const operationsRead = 20;

/**
 * Sends administrator and payer the mail that their server differs from what was built: once per check, and not again
 * while the server stays drifted for the same reason. A difference that takes nothing from the server is not mailed.
 * `from` is the server's status before the check. Errors: `mail_unavailable` (retryable), `mail_refused`.
 */
export function sendServerIncident(ports: MailPorts) {
  return async (ref: OperationRef, drift: JudgedDrift, from: InstanceStatus): Promise<void> => {
    if (drift.verdict === 'none' || !concernsCustomer(drift)) return;
    const { instanceId, operationId } = ref;
    const { store } = ports;
    if (from === 'drifted' && (await previousReason(ports, ref)) === drift.reason) return;
    const instance = await store.instances.find(instanceId);
    const order = instance && (await store.orders.find(instance.orderId));
    if (!instance || !order) throw new ReasonError('not_found', `instance ${instanceId}`);
    const incident = {
      hostname: primaryHostname(instance.desired),
      reason: drift.reason,
      found: drift.differences.map(describeDifference),
      next: drift.verdict === 'repairable' ? 'repair' : 'team',
    } as const;
    // The link opens the order, so only its payer gets it.
    const toPayer = renderServerIncident({ ...incident, pageUrl: ports.orderLink(order._id) });
    const kind = `server-incident-${operationId}`;
    const letters: Letter[] = [
      { order, kind: `${kind}-payer`, recipient: 'payer', to: order.billingEmail, mail: toPayer },
    ];
    if (instance.adminEmail !== order.billingEmail) {
      const mail = renderServerIncident(incident);
      letters.push({ order, kind, recipient: 'administrator', to: instance.adminEmail, mail });
    }
    await deliverAll(ports, letters);
  };
}

async function previousReason({ store }: MailPorts, { instanceId, operationId }: OperationRef) {
  const operations = await store.operations.list({ instanceId }, operationsRead);
  return operations.find(({ _id, kind }) => kind === checkDrift.kind && _id !== operationId)?.reason;
}
