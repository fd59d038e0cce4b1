import { z } from 'zod';

/** States of an order; its reason code says who cancelled or why it ended. */
export const OrderState = z.enum([
  'awaiting_payment',
  'fulfilling',
  'cancelling',
  'settling',
  'fulfilled',
  'declined',
  'expired',
  'cancelled',
  'failed_refunded',
]);
export type OrderState = z.infer<typeof OrderState>;

export const endedOrderStates = ['fulfilled', 'declined', 'expired', 'cancelled', 'failed_refunded'] as const;

/** Whether the state is final. */
export function orderHasEnded(state: OrderState): boolean {
  return (endedOrderStates as readonly OrderState[]).includes(state);
}

/** Whether the order is ending without delivery, with its money still to be settled. */
export function orderIsEnding(state: OrderState): boolean {
  return state === 'cancelling' || state === 'settling';
}

/** Whether the customer may still cancel the order. */
export function orderCanBeCancelled(state: OrderState): boolean {
  return state === 'awaiting_payment' || state === 'fulfilling';
}

export const InstanceStatus = z.enum([
  'requested',
  'provisioning',
  'ready',
  /** Delivered, and different from its applied spec; back to `ready` when it is repaired. */
  'drifted',
  'suspended',
  'terminating',
  'undoing',
  'orphan_cleanup',
  'aborted',
  'terminated',
]);
export type InstanceStatus = z.infer<typeof InstanceStatus>;

/** Deleted, or being deleted without an owner. */
export const lostInstanceStatuses = ['undoing', 'orphan_cleanup', 'aborted', 'terminated'] as const;

export const Standing = z.enum([
  'current',
  'past_due',
  'restricted',
  'suspended',
  'disputed',
  'refunded',
  'terminated',
]);
export type Standing = z.infer<typeof Standing>;

export const OperationStatus = z.enum([
  'queued',
  'running',
  'needs_operator',
  'undoing',
  'succeeded',
  'failed',
  'cancelled',
]);
export type OperationStatus = z.infer<typeof OperationStatus>;

export const endedOperationStatuses = ['succeeded', 'failed', 'cancelled'] as const;

/** Whether the status is final. */
export function operationHasEnded(status: OperationStatus): boolean {
  return (endedOperationStatuses as readonly OperationStatus[]).includes(status);
}

export const StepStatus = z.enum([
  'pending',
  'running',
  'waiting',
  'retrying',
  'needs_operator',
  'succeeded',
  'skipped',
  /** Ended by a cancel of its operation, neither done nor failed. */
  'stopped',
  'failed',
]);
export type StepStatus = z.infer<typeof StepStatus>;

/** Whether a try of a step is over; a later try may follow a failed one. */
export function stepHasEnded(status: StepStatus): boolean {
  return status === 'succeeded' || status === 'skipped' || status === 'stopped' || status === 'failed';
}
