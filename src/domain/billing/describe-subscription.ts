import type { ReasonCode } from '../../contracts/reasons.ts';
import { endedSubscriptionStatuses, type SubscriptionReading } from '../../contracts/subscription.ts';
import { textsOf } from '../../texts/texts.ts';

/** Whether the subscription can never be paid again. */
export function subscriptionHasEnded({ status }: Pick<SubscriptionReading, 'status'>): boolean {
  return (endedSubscriptionStatuses as readonly string[]).includes(status);
}

/** Why a subscription needs attention; undefined when it does not. */
export function attentionOf(reading: Pick<SubscriptionReading, 'status' | 'gone'>): ReasonCode | undefined {
  const ended = subscriptionHasEnded(reading);
  if (ended && !reading.gone) return 'subscription_missing';
  if (!ended && reading.gone) return 'subscription_left';
  return undefined;
}

/** The details of a subscription for operators in the Temporal UI, as Markdown. */
export function describeSubscription({ subject, status, paidUntil, gone }: SubscriptionReading): string {
  const attention = attentionOf({ status, gone });
  const { reasons } = textsOf('en');
  return [
    `### ${attention ? 'Needs an operator' : 'Subscription'}`,
    '',
    `Pays for ${subject.kind} \`${subject.id}\`. At Stripe: \`${status}\`. Paid until: ${paidUntil ?? 'not paid yet'}.`,
    ...(attention ? ['', `\`${attention}\`: ${reasons[attention].operator} ${reasons[attention].next}`] : []),
  ].join('\n');
}
