import {
  ActivityFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  log,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { reasons } from '../../contracts/reasons.ts';
import { type SubscriptionInput, subscriptionChanged } from '../../contracts/subscription.ts';
import { factsChanged, instanceWorkflowId } from '../../contracts/workflow-messages.ts';
import { attentionOf, describeSubscription, subscriptionHasEnded } from '../../domain/billing/describe-subscription.ts';
import { textsOf } from '../../texts/texts.ts';
import { controlActivities } from '../lib/activities.ts';
import { isHistoryLong } from '../lib/history-length.ts';
import { causeOf } from '../lib/reason-of.ts';
import { refusal } from '../lib/refusal.ts';
import { instanceId, needsAttention, renewsAt } from '../lib/search-attributes.ts';

/** Delay after a read that failed permanently, unless a signal arrives earlier, and after one whose reason alarms. */
const failedReadMs = 24 * 3_600_000;
const alarmedReadMs = 3_600_000;

/**
 * The entity of one subscription, `subscription/<id>`: it reads Stripe after every signal, and shortly after the end
 * of each period even without one, and propagates paid-until to the server or licence that is paid for. It ends when
 * the subscription has ended and its server is deleted. Fails with `not_found` where its record is gone.
 */
export async function subscription(input: SubscriptionInput): Promise<void> {
  const { subscriptionId } = input;
  let { movedUntil } = input;
  let hasChanged = false;
  setHandler(
    subscriptionChanged,
    () => {
      hasChanged = true;
    },
    { description: 'Read the subscription at Stripe now.' },
  );
  const isLong = () => isHistoryLong(input.maxEvents);

  // "Request cancellation" of the Temporal UI cancels no subscription; that is done at Stripe.
  const ended = await CancellationScope.nonCancellable(live);
  await condition(allHandlersFinished);
  if (!ended) await continueAsNew<typeof subscription>({ ...input, ...(movedUntil ? { movedUntil } : {}) });

  async function live(): Promise<boolean> {
    for (;;) {
      hasChanged = false;
      const nextReadMs = await readAndPropagate();
      if (nextReadMs === undefined) return true;
      if (isLong()) return false;
      await condition(() => hasChanged, nextReadMs);
    }
  }

  /** Returns when to read again; undefined when the workflow can end. */
  async function readAndPropagate(): Promise<number | undefined> {
    try {
      const reading = await controlActivities().readSubscription(subscriptionId);
      const { subject, paidUntil, gone } = reading;
      if (subject.kind === 'instance') upsertSearchAttributes([{ key: instanceId, value: subject.id }]);
      if (paidUntil && !gone && (movedUntil === undefined || paidUntil > movedUntil)) {
        await controlActivities().movePaidUntil(subscriptionId);
        if (subject.kind === 'instance') await signalEntity(subject.id, paidUntil);
        upsertSearchAttributes([{ key: renewsAt, value: new Date(paidUntil) }]);
        movedUntil = paidUntil;
      }
      setAttention(attentionOf(reading) !== undefined);
      setCurrentDetails(describeSubscription(reading));
      return gone && subscriptionHasEnded(reading) ? undefined : reading.nextReadMs;
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      const { reason, detail } = causeOf(error, 'payment_provider_unavailable');
      // Without its record no read can ever work.
      if (reason === 'not_found') throw refusal(reason, detail);
      setAttention(true);
      setCurrentDetails(`### Needs an operator\n\n\`${reason}\`: ${detail}. ${textsOf('en').reasons[reason].next}`);
      return reasons[reason].alarms ? alarmedReadMs : failedReadMs;
    }
  }

  function setAttention(value: boolean): void {
    const known = workflowInfo().typedSearchAttributes.get(needsAttention) ?? false;
    if (value !== known) upsertSearchAttributes([{ key: needsAttention, value }]);
  }
}

/** Signals paid-until to the entity of the server; one that has closed is ignored. */
async function signalEntity(id: string, paidUntil: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(instanceWorkflowId(id)).signal(factsChanged, { paidUntil });
  } catch (error) {
    log.warn('the entity of the server has closed', { error });
  }
}
