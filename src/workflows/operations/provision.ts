import { CancellationScope, condition, isCancellation, setHandler } from '@temporalio/workflow';
import type { ReasonCode } from '../../contracts/reasons.ts';
import {
  type OperationInput,
  type OperationResult,
  paymentChanged,
  type StepContext,
} from '../../contracts/workflow-messages.ts';
import {
  controlActivities,
  mailActivities,
  paymentActivities,
  pollActivities,
  stackActivities,
} from '../lib/activities.ts';
import { OperationEnds, openSaga, type UndoStep } from '../lib/saga.ts';

/** Of orders that were placed before it could be set. */
const usualOrphanAfterMs = 10 * 60_000;
/** Money in flight comes or fails within this time; what is not settled then needs people. */
const unsettledAfterMs = 21 * 24 * 3_600_000;

/**
 * Brings a private server to its customer: takes the name, the money, the licence, the machine, and hands over; or
 * gives everything back (design 5). Ends `succeeded`, or `cancelled`/`failed` with the reason after a whole undo.
 */
export async function provision(input: OperationInput): Promise<OperationResult> {
  const { facts, times } = input;
  const saga = openSaga(input);
  const awaitPayment = paymentWait(times.awaitPaymentMs);
  let paidUntil: string | undefined;

  try {
    await saga.step({
      name: 'hold-hostname',
      run: controlActivities({ deadlineMs: times.holdHostnameMs }).holdHostname,
      onTimeout: 'records_unreachable',
    });
    await saga.step({
      name: 'create-subscription',
      run: controlActivities({ deadlineMs: times.createSubscriptionMs }).createSubscription,
      onTimeout: 'payment_provider_unavailable',
    });
    await saga.step({
      name: 'await-payment',
      run: awaitPayment,
      onTimeout: 'payment_expired',
    });
    await saga.step({
      name: 'issue-licence',
      run: controlActivities({ deadlineMs: times.issueLicenceMs }).issueLicence,
      onTimeout: 'licence_server_unavailable',
    });
    await saga.step({
      name: 'stack-up',
      run: stackActivities(facts.cloud, { deadlineMs: times.stackUpMs }).stackUp,
      onTimeout: 'stack_failed',
    });
    await saga.step({
      name: 'await-healthy',
      run: pollActivities({ deadlineMs: times.awaitHealthyMs }).awaitHealthy,
      onTimeout: 'host_unhealthy',
    });
    await saga.step({
      name: 'await-activation',
      run: pollActivities({ deadlineMs: times.awaitActivationMs }).awaitActivation,
      onTimeout: 'activation_missing',
    });
    await CancellationScope.nonCancellable(() =>
      saga.step({
        name: 'mark-ready',
        run: async (context) => {
          paidUntil = await controlActivities().markReady(context);
        },
        onTimeout: 'records_unreachable',
      }),
    );
  } catch (error) {
    if (!isCancellation(error) && !(error instanceof OperationEnds)) throw error;
    // A customer's cancel has written its reason already; a bare cancel comes from somebody in the Temporal UI.
    return undo(error instanceof OperationEnds ? error.reason : 'cancelled_by_operator');
  }
  saga.pivot();
  await CancellationScope.nonCancellable(async () => {
    await saga.step({ name: 'send-mail', run: mailActivities().sendMail, onTimeout: 'mail_unavailable' });
    await controlActivities().noteOperation(saga.place, { status: 'succeeded' });
  });
  saga.end('succeeded', 'ready');
  return { status: 'succeeded', instanceStatus: 'ready', ...(paidUntil ? { paidUntil } : {}) };

  /** Two branches, neither waiting for the other: the money goes back, and the things are removed. */
  async function undo(cause: ReasonCode): Promise<OperationResult> {
    const reason = await CancellationScope.nonCancellable(() => controlActivities().beginUndo(saga.place, cause));
    const money: UndoStep[] = [
      { name: 'settle-money', run: controlActivities().settleMoney, attentionAfterMs: unsettledAfterMs },
      { name: 'send-outcome-mail', run: endOrderAndExplain(reason), giveUpAfterMs: times.operatorWindowMs },
    ];
    const things: UndoStep[] = [
      { name: 'revoke-licence', run: controlActivities().revokeLicence },
      {
        name: 'destroy-stack',
        run: stackActivities(facts.cloud).destroyStack,
        attentionAfterMs: times.orphanAfterMs ?? usualOrphanAfterMs,
        shownAs: 'orphan_cleanup',
      },
      { name: 'release-hostname', run: controlActivities().releaseHostname },
    ];
    await saga.undo([money, things]);
    const status = reason.startsWith('cancelled') ? 'cancelled' : 'failed';
    await CancellationScope.nonCancellable(() =>
      controlActivities().noteOperation(saga.place, { status, reason, instanceStatus: 'aborted' }),
    );
    saga.end(status, 'aborted');
    return { status, instanceStatus: 'aborted', reason };
  }

  /** The order has ended once its money is settled; a mail that cannot be delivered never holds that up. */
  function endOrderAndExplain(reason: ReasonCode) {
    return async (context: StepContext): Promise<void> => {
      await controlActivities().endOrder(saga.place, reason);
      await mailActivities().sendOutcomeMail(context);
    };
  }
}

/**
 * Waits for the money: an activity that looks, started anew by every `payment-changed`, raced against one deadline.
 * At the deadline one last look decides, so that a payment that won is not lost.
 */
function paymentWait(deadlineMs: number) {
  let news = 0;
  setHandler(paymentChanged, () => {
    news += 1;
  });
  return async (context: StepContext): Promise<void> => {
    const deadline = Date.now() + deadlineMs;
    while (Date.now() < deadline) {
      const seen = news;
      const scope = new CancellationScope();
      let outcome: { error?: unknown } | undefined;
      const look = scope
        .run(() => paymentActivities().awaitPayment(context))
        .then(
          () => {
            outcome = {};
          },
          (error) => {
            outcome = { error };
          },
        );
      try {
        await condition(() => outcome !== undefined || news > seen, deadline - Date.now());
      } catch (error) {
        scope.cancel();
        await look;
        throw error;
      }
      if (outcome) {
        if ('error' in outcome) throw outcome.error;
        return;
      }
      scope.cancel();
      await look;
      if (outcome && !('error' in (outcome as { error?: unknown }))) return;
    }
    await controlActivities().expirePayment(context);
  };
}
