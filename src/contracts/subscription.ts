import type { SignalDefinition } from '@temporalio/common';
import { z } from 'zod';
import { controlQueue } from './workflow-messages.ts';

/** What a subscription is, and what is said to its workflow, `subscription/<id>`. */

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

/** Those from which a subscription never comes back. */
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
  /** Until when its server or licence was last told to be paid, ISO 8601. */
  movedUntil?: string;
  /** Continue-as-new after this many events, beside the server's suggestion; tests set a small one. */
  maxEvents?: number;
}

/** What one look at Stripe says about a subscription. */
export interface SubscriptionReading {
  subject: SubscriptionSubject;
  status: SubscriptionStatus;
  /** ISO 8601; absent before the first payment. */
  paidUntil?: string;
  /** Whether the server that it pays for is gone. */
  gone: boolean;
  /** When to look again, in ms from now. */
  nextLookMs: number;
}

/** Something happened to the subscription at Stripe: its workflow looks. */
export const subscriptionChanged = { type: 'signal', name: 'subscription-changed' } as SignalDefinition<
  [],
  'subscription-changed'
>;

/**
 * How the workflow of a subscription is told that something changed, and started where it does not run: for a client's
 * signal-with-start. One that has ended starts again, looks, and ends again when there is nothing left to do.
 */
export function subscriptionNews(subscription: { _id: string; subject: SubscriptionSubject }) {
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
