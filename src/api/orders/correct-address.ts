import { isReasonCode, ReasonError, reasons } from '../../contracts/reasons.ts';
import { type AddressCorrection, correctionMade, replacedBy } from '../../domain/billing/address-correction.ts';
import { nowDate } from '../../runtime/clock.ts';
import type { OrderRecord } from '../../store/records.ts';
import type { ApiDeps } from '../deps.ts';
import { requireSameRequest } from '../operations/require-same-request.ts';

const action = 'correct-address';
/** Newest operations of the server among which a mail may wait. */
const operationsRead = 20;

interface Asked {
  from: string;
  to: string;
  why: string;
  operator: string;
  requestId: string;
  idempotencyKey: string | undefined;
}

/**
 * Puts the right address in the place of a wrong one, wherever an order has it, and has the mails sent that the wrong one
 * did not get; a step that waits because a mail was refused runs again. The account and who may sign in to it stay as
 * they are. A repeated request changes nothing more, and completes what an interrupted one left open. Throws
 * `idempotency_key_reused`, `address_not_there`, `workflow_unreachable`.
 */
export async function correctAddress(deps: ApiDeps, order: OrderRecord, asked: Asked): Promise<OrderRecord> {
  const { from, to, why, idempotencyKey: key } = asked;
  const request = { action, orderId: order._id, from, to, why };
  await requireSameRequest(deps, { scope: order.instanceId, key, request });
  const { corrected, correction, number } = await correct(deps, order, asked);
  await note(deps, corrected, { number, correction });
  await retryMailSteps(deps, corrected, { number, asked });
  await deps.workflows.startCorrection({ orderId: order._id, number });
  return corrected;
}

/** Writes the correction unless it was made before; decides again after a concurrent change. */
async function correct({ store }: ApiDeps, read: OrderRecord, asked: Asked) {
  const { from, to, operator: by, why, requestId } = asked;
  for (let order = read; ; ) {
    const replaced = replacedBy(order, { from, to });
    if (!replaced) {
      const made = correctionMade(order, { from, to });
      if (!made) throw new ReasonError('address_not_there');
      return { corrected: order, ...made };
    }
    const correction = { ...replaced, at: nowDate(), by, why, requestId };
    const isWritten = await store.orders.correctAddress(order, correction);
    const latest = await store.orders.find(order._id);
    if (!latest) throw new ReasonError('not_found');
    if (isWritten) return { corrected: latest, correction, number: (order.corrections?.length ?? 0) + 1 };
    order = latest;
  }
}

/** Writes the audit entry of a correction, once. */
async function note(
  { store }: ApiDeps,
  { _id }: OrderRecord,
  { number, correction }: { number: number; correction: AddressCorrection },
): Promise<void> {
  const { at, from, to, recipients, by, why, requestId } = correction;
  const addresses = (address: string) => Object.fromEntries(recipients.map((recipient) => [recipient, address]));
  await store.audit.appendOnce(`${action} ${_id} ${number}`, {
    ...{ at, actor: `operator:${by}`, action, subject: _id, requestId, why },
    ...{ before: addresses(from), after: addresses(to) },
  });
}

/** Has the steps run again that wait because a mail to the order's people was refused or did not go. */
async function retryMailSteps(
  { store, workflows }: ApiDeps,
  { _id: orderId, instanceId }: OrderRecord,
  { number, asked }: { number: number; asked: Asked },
): Promise<void> {
  for (const { _id: operationId, steps } of await store.operations.list({ instanceId }, operationsRead)) {
    for (const { step, status, attempt, reason } of steps) {
      if (status !== 'needs_operator' || !reason || !isReasonCode(reason) || reasons[reason].plane !== 'mail') continue;
      // The operator's own words may name an address; they are in the audit log of the order.
      const why = `${action} ${number} of ${orderId}`;
      try {
        await workflows.decide(instanceId, {
          action: 'retry',
          request: { operationId, step, attempt, operator: asked.operator, why },
          updateId: `${action}-${number}-${operationId}-${step}-${attempt}`,
        });
      } catch (error) {
        // Somebody decided meanwhile, or the step runs again by itself: its next mail goes to the corrected address.
        if (!(error instanceof ReasonError) || !['step_not_waiting', 'not_found'].includes(error.code)) throw error;
      }
    }
  }
}
