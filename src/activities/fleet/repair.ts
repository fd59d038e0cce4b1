import { isInstanceId, type Mismatch, type PassSettings } from '../../contracts/fleet.ts';
import type { LatePayment } from '../../contracts/workflow-messages.ts';
import { type Disposition, dispositionOf } from '../../domain/fleet/reconcile.ts';
import { EndEnrolmentsAnswer, LicenceView, type RevokeLicence } from '../../licence/protocol/admin.ts';
import { now } from '../../runtime/clock.ts';
import { orderFacts } from './order-facts.ts';
import type { FleetPorts } from './ports.ts';

export interface Permit {
  allowed: boolean;
  /** The input of the order's settlement; null where there is no order. */
  money: LatePayment | null;
}

/**
 * Checks again, right before a repair, that the owner is still undone (for an adoption: still delivered; for an
 * unowned resource: still unknown) and that the entity of its instance runs nothing, so that no operation runs beside
 * the repair.
 */
export function permitRepair({ store, isRunning }: FleetPorts) {
  return async (mismatch: Mismatch, { settlingMs }: PassSettings): Promise<Permit> => {
    const { kind, subject, orderId, instanceId, repair } = mismatch;
    const needed: Disposition = repair === 'adopt_objects' ? 'lives' : 'undone';
    const [order] = await store.orders.findMany({
      ids: orderId ? [orderId] : [],
      instanceIds: instanceId ? [instanceId] : [],
    });
    if (!order) {
      const isUnowned = repair === 'remove_unowned' && !(instanceId && (await isRunning(instanceId)));
      return { allowed: kind === 'hold_left' || isUnowned, money: null };
    }
    const [facts] = await orderFacts(store, [order]);
    if (dispositionOf(facts ?? null, { at: now(), settlingMs }) !== needed) return { allowed: false, money: null };
    const paymentIntentId = order.payment?.paymentIntentId ?? subject;
    return { allowed: !(await isRunning(order.instanceId)), money: { orderId: order._id, paymentIntentId } };
  };
}

/** Releases a name, if the owner that was found still holds it. */
export function releaseHold({ store }: FleetPorts) {
  return async ({ subject, orderId, instanceId }: Mismatch): Promise<void> => {
    await store.holds.release(
      subject,
      [orderId, instanceId].flatMap((id) => id ?? []),
    );
  };
}

/** Revokes a licence without an owner and closes its enrolment; its seats become free. */
export function revokeLeftLicence({ ask }: FleetPorts) {
  return async ({ subject: licenseId, instanceId }: Mismatch): Promise<void> => {
    if (instanceId === undefined || !isInstanceId(instanceId)) return;
    await ask('POST', '/v1/admin/enrollments/close', EndEnrolmentsAnswer, { body: { licenseId } });
    const body: RevokeLicence = { reason: 'no order owns it' };
    await ask('POST', `/v1/admin/licenses/${licenseId}/revoke`, LicenceView, { body });
  };
}
