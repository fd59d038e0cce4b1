import { ReasonError } from '../../contracts/reasons.ts';
import { lostInstanceStatuses } from '../../contracts/states.ts';
import type { SubscriptionReading, SubscriptionSubject } from '../../contracts/subscription.ts';
import { attentionOf } from '../../domain/billing/describe-subscription.ts';
import { msUntilNextRead } from '../../domain/billing/renewal.ts';
import { now } from '../../runtime/clock.ts';
import type { Store } from '../../store/store.ts';
import type { AfterOrderPorts } from './ports.ts';

/**
 * Reads a subscription and the money of its order from Stripe and records them. Idempotent, and independent of the
 * order of events. Errors: `not_found`, `payment_provider_unavailable`, `payment_request_refused`.
 */
export function readSubscription(ports: AfterOrderPorts) {
  return async (subscriptionId: string): Promise<SubscriptionReading> => {
    const { store, gateway, renewalTimes } = ports;
    const subscription = await store.subscriptions.find(subscriptionId);
    if (!subscription) throw new ReasonError('not_found', `subscription ${subscriptionId}`);
    const held = await gateway.readSubscription(subscription.stripeId);
    await store.subscriptions.note(subscriptionId, held);
    await noteMoney(ports, subscription.orderId);
    const paidUntil = held.paidUntil ?? subscription.paidUntil;
    const reading = {
      subject: subscription.subject,
      status: held.status,
      ...(paidUntil ? { paidUntil: paidUntil.toISOString() } : {}),
      gone: await isGone(store, subscription.subject),
      nextReadMs: msUntilNextRead({ now: now(), paidUntil }, renewalTimes),
    };
    await noteAttention(ports, subscriptionId, reading);
    return reading;
  };
}

/** Records what was paid and given back for a delivered order, also by hand. */
async function noteMoney({ store, gateway }: AfterOrderPorts, orderId: string): Promise<void> {
  const order = await store.orders.find(orderId);
  // The settlement of any other order records its money.
  if (order?.state !== 'fulfilled') return;
  await store.orders.setMoney(orderId, await gateway.chargedFor(order.invoiceIds));
}

/** A subscription that does not fit its server is an incident as long as that lasts. */
async function noteAttention(
  { incidents }: AfterOrderPorts,
  subscriptionId: string,
  reading: SubscriptionReading,
): Promise<void> {
  const about = { kind: 'subscription', subject: subscriptionId } as const;
  const reason = attentionOf(reading);
  if (!reason) return incidents.close(about);
  const { kind, id } = reading.subject;
  await incidents.open({ ...about, severity: 'critical', reason, ...(kind === 'instance' ? { instanceId: id } : {}) });
}

async function isGone({ instances }: Pick<Store, 'instances'>, { kind, id }: SubscriptionSubject): Promise<boolean> {
  if (kind === 'licence') return false;
  const instance = await instances.find(id);
  return !instance || (lostInstanceStatuses as readonly string[]).includes(instance.status);
}
