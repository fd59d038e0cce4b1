import type { SignalDefinition } from '@temporalio/common';
import { z } from 'zod';
import { controlQueue } from './workflow-messages.ts';

/** A subscription, and the messages to its workflow, `subscription/<id>`. */

/** The status of a subscription as Stripe holds it. */
export const SubscriptionStatus = z.enum([
  'incomplete',
  'incomplete_expired',
  'trialing',
  'active',
  'past_due',
  'unpaid',
  'paused',
  'canceled',
]);
export type SubscriptionStatus = z.infer<typeof SubscriptionStatus>;

/** The final statuses. */
export const endedSubscriptionStatuses = ['canceled', 'incomplete_expired'] as const satisfies SubscriptionStatus[];

/** What a subscription pays for. */
export interface SubscriptionSubject {
  kind: 'instance' | 'licence';
  id: string;
}

export const subscriptionWorkflowType = 'subscription';
export function subscriptionWorkflowId(subscriptionId: string): string {
  return `subscription/${subscriptionId}`;
}

/** Input of `subscription/<id>`; the same shape is carried over continue-as-new. */
export interface SubscriptionInput {
  subscriptionId: string;
  /** The paid-until that was last propagated to its server or licence, ISO 8601. */
  movedUntil?: string;
  /** Continue-as-new after this many events, beside the server's suggestion; tests set a small one. */
  maxEvents?: number;
}

/** Result of reading a subscription at Stripe. */
export interface SubscriptionReading {
  subject: SubscriptionSubject;
  status: SubscriptionStatus;
  /** ISO 8601; absent before the first payment. */
  paidUntil?: string;
  /** Whether the server that it pays for is deleted. */
  gone: boolean;
  /** When to read again, in ms from now. */
  nextReadMs: number;
}

/** The subscription changed at Stripe: its workflow reads it. */
export const subscriptionChanged = { type: 'signal', name: 'subscription-changed' } as SignalDefinition<
  [],
  'subscription-changed'
>;

/**
 * Signal-with-start of a subscription's workflow after a change. A workflow that has ended starts again, reads, and
 * ends again when there is nothing left to do.
 */
export function subscriptionSignal(subscription: { _id: string; subject: SubscriptionSubject }) {
  const { _id: subscriptionId, subject } = subscription;
  const input: SubscriptionInput = { subscriptionId };
  return {
    workflowId: subscriptionWorkflowId(subscriptionId),
    taskQueue: controlQueue,
    args: [input],
    signal: subscriptionChanged,
    signalArgs: [] as [],
    staticSummary: `Pays for ${subject.kind} ${subject.id}`,
  };
}
