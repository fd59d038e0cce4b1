import { log } from '@temporalio/activity';
import { ReasonError } from '../../contracts/reasons.ts';
import { operationHasEnded, orderHasEnded } from '../../contracts/states.ts';
import type { CorrectionRef } from '../../contracts/workflow-messages.ts';
import type { AddressCorrection } from '../../domain/billing/address-correction.ts';
import { renderAddressChanged } from '../../mail/address-changed.ts';
import { orderLinkKind, orderMessageId } from '../../mail/message-id.ts';
import type { OrderRecord } from '../../store/records.ts';
import type { MailPorts } from './ports.ts';
import { deliver, deliverAll, explainOutcome, orderLinkLetter, readyLetters, receiptLetter } from './send-mail.ts';

/**
 * Sends the corrected address of an order what the wrong one did not get: the mail about the present state of the order,
 * which contains what earlier ones said. While the operation of the order still sends its own mails, which go to the
 * corrected address, nothing is sent beside them. Errors: `mail_unavailable` (retryable; also while it waits for that
 * operation), `mail_refused`.
 */
export function mailAgain(ports: MailPorts) {
  return async (ref: CorrectionRef): Promise<void> => {
    const { order, correction } = await readCorrection(ports, ref);
    if (order.state === 'fulfilling') return mailLinkAgain(ports, order, correction);
    if (!orderHasEnded(order.state)) return;
    const operation = await ports.store.operations.find(order.operationId);
    if (operation && !operationHasEnded(operation.status)) {
      throw new ReasonError('mail_unavailable', `operation ${operation._id} sends its mails`);
    }
    if (order.state !== 'fulfilled') {
      if (correction.recipients.includes('payer')) await explainOutcome(ports, order);
      return;
    }
    const instance = await ports.store.instances.find(order.instanceId);
    if (!instance) throw new ReasonError('not_found', `instance ${order.instanceId}`);
    const letters = readyLetters(ports, order, instance).filter(({ recipient }) =>
      correction.recipients.includes(recipient),
    );
    // A payer who was corrected to the administrator's address has a mail of that name already, without the payment.
    await deliverAll(ports, letters.length > 0 ? letters : [receiptLetter(ports, order, instance)]);
  };
}

/** The link of an order that is being built; a try that has not failed for good sends it to the new address itself. */
async function mailLinkAgain(ports: MailPorts, order: OrderRecord, correction: AddressCorrection): Promise<void> {
  if (!correction.recipients.includes('payer')) return;
  const rows = await ports.store.outbox.ofOrder(order._id);
  const latest = rows.findLast(({ kind }) => kind === orderLinkKind);
  if (latest && latest.status !== 'pending') await deliver(ports, orderLinkLetter(ports, order));
}

/**
 * Tells the replaced address that mails about the order go to another one, without naming it: only where a mail of the
 * order was taken for it, and once. An address that refuses this mail needs none. Errors: `mail_unavailable`.
 */
export function tellReplacedAddress(ports: MailPorts) {
  return async (ref: CorrectionRef): Promise<void> => {
    const { order, correction } = await readCorrection(ports, ref);
    const before = { ...order, corrections: order.corrections?.slice(0, ref.number - 1) };
    const rows = await ports.store.outbox.ofOrder(order._id);
    const recipient = correction.recipients.find((each) =>
      rows.some(
        ({ _id, kind, recipient: reader, status }) =>
          reader === each &&
          status === 'sent' &&
          _id === orderMessageId({ order: before, recipient: each, kind, baseDomain: ports.baseDomain }),
      ),
    );
    if (!recipient) return;
    const mail = renderAddressChanged({
      orderId: order._id,
      hostname: order.quote.subject.hostname,
      support: ports.links.support,
    });
    const kind = `address-changed-${ref.number}`;
    try {
      await deliver(ports, { order, kind, recipient, to: correction.from, mail });
    } catch (error) {
      if (!(error instanceof ReasonError) || error.code !== 'mail_refused') throw error;
      log.info('the replaced address takes no mail', { orderId: order._id });
    }
  };
}

async function readCorrection({ store }: MailPorts, { orderId, number }: CorrectionRef) {
  const order = await store.orders.find(orderId);
  const correction = order?.corrections?.[number - 1];
  if (!order || !correction) throw new ReasonError('not_found', `correction ${number} of ${orderId}`);
  return { order, correction };
}
