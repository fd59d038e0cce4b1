import {
  ActivityFailure,
  isCancellation,
  setCurrentDetails,
  sleep,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { LatePayment } from '../../contracts/workflow-messages.ts';
import { textsOf } from '../../texts/texts.ts';
import { controlActivities, mailActivities } from '../lib/activities.ts';
import { causeOf } from '../lib/reason-of.ts';
import { refusal } from '../lib/refusal.ts';
import { needsAttention, orderId } from '../lib/search-attributes.ts';

const {
  details: { latePayment: texts },
  reasons: reasonTexts,
} = textsOf('en');

const firstPauseMs = 10 * 60_000;
const longestPauseMs = 24 * 3_600_000;

/**
 * A payment that arrived after its order had ended, or whose refund failed then: `billing/late/<id>` settles it,
 * notifies the payer and writes an audit entry. An error at Stripe sets NeedsAttention, and is retried until it
 * works. Fails with `not_found` for an order without a record.
 */
export async function settleLatePayment(latePayment: LatePayment): Promise<void> {
  upsertSearchAttributes([{ key: orderId, value: latePayment.orderId }]);
  const givenBack = await settle(latePayment);
  if (givenBack > 0) await mailActivities().sendLateRefund(latePayment, givenBack);
}

async function settle(latePayment: LatePayment): Promise<number> {
  for (let pause = firstPauseMs; ; pause = Math.min(2 * pause, longestPauseMs)) {
    try {
      const givenBack = await controlActivities().settleLatePayment(latePayment);
      if (pause > firstPauseMs) upsertSearchAttributes([{ key: needsAttention, value: false }]);
      setCurrentDetails(`### ${texts.settled({ orderId: latePayment.orderId })}`);
      return givenBack;
    } catch (error) {
      if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
      const { reason, detail } = causeOf(error, 'money_not_settled');
      // Without the order's record no try can ever work.
      if (reason === 'not_found') throw refusal(reason, detail);
      upsertSearchAttributes([{ key: needsAttention, value: true }]);
      setCurrentDetails(
        `### ${texts.needsOperator({ orderId: latePayment.orderId })}\n\n` +
          texts.why({ reason, detail, next: reasonTexts[reason].next }),
      );
    }
    await sleep(pause);
  }
}
