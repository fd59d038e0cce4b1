import { orderHasEnded } from '../../src/contracts/states.ts';
import type { Evidence } from '../evidence.ts';

/**
 * Every order that a customer placed exists and has ended, with its operation and instance; there are no other orders.
 */
export function ordersEnded({ orders, customers, operations }: Evidence): string[] {
  const violations: string[] = [];
  const known = new Map(customers.map((customer) => [customer.orderId, customer]));
  for (const { id, instanceId, instanceStatus, state } of orders) {
    const customer = known.get(id);
    if (!customer) violations.push(`order ${id} is nobody's`);
    if (!orderHasEnded(state)) violations.push(`order ${id} has not ended: ${state}`);
    else if (customer && !customer.settled) violations.push(`order ${id} ended ${state}, but not in time`);
    const expected = state === 'fulfilled' ? 'ready' : 'aborted';
    if (instanceStatus !== null && instanceStatus !== expected) {
      violations.push(`instance ${instanceId} of the ${state} order ${id} is ${instanceStatus}`);
    }
    const own = operations.filter((operation) => operation.instanceId === instanceId);
    if (own.length > 1) violations.push(`order ${id} has ${own.length} operations`);
    for (const operation of own) {
      const ends = state === 'fulfilled' ? ['succeeded'] : ['failed', 'cancelled'];
      if (!ends.includes(operation.status)) {
        violations.push(`operation ${operation.id} of the ${state} order ${id} is ${operation.status}`);
      }
    }
  }
  const held = new Set(orders.map(({ id }) => id));
  for (const id of known.keys()) if (!held.has(id)) violations.push(`order ${id} was accepted and is lost`);
  return violations;
}
