import { CancellationScope, condition, isCancellation, log, setHandler } from '@temporalio/workflow';
import { provision as declaration } from '../../contracts/operations/provision.ts';
import type { ReasonCode } from '../../contracts/reasons.ts';
import {
  type OperationInput,
  type OperationRef,
  type OperationResult,
  paymentChanged,
  type StepContext,
} from '../../contracts/workflow-messages.ts';
import { isCancel } from '../../domain/billing/order-rules.ts';
import {
  controlActivities,
  mailActivities,
  paymentActivities,
  pollActivities,
  stackActivities,
  type Within,
} from '../lib/activities.ts';
import { OperationEnds, openSaga } from '../lib/saga.ts';

/** Money in flight arrives or fails within this time; after it an unsettled order needs people. */
const unsettledAfterMs = 21 * 24 * 3_600_000;

/** Reasons that end the order: there is nothing for an operator to decide, for instance where its record is gone. */
const endsTheOrder: readonly ReasonCode[] = [
  'cancelled_by_customer',
  'cancelled_by_operator',
  'not_delivered',
  'payment_expired',
  'too_many_declines',
  'hostname_taken',
  'price_not_honoured',
  'not_found',
  'account_closed',
];

/**
 * Delivers a private server: hostname, payment, licence, machine, handover; or undoes everything. Ends
 * `succeeded`, or `cancelled`/`failed` with the reason after a complete undo.
 */
export async function provision(input: OperationInput): Promise<OperationResult> {
  const { facts } = input;
  const payment = openPaymentNews();
  const saga = await openSaga(declaration, input, { endsWith: endsTheOrder });
  let paidUntil: string | undefined;
  let linkMail: Promise<void> | undefined;

  try {
    await saga.steps([
      {
        name: 'hold-hostname',
        run: (context, within) => controlActivities(within).holdHostname(context),
        undo: controlActivities().releaseHostname,
      },
      {
        name: 'create-subscription',
        run: (context, within) => controlActivities(within).createSubscription(context),
        undo: {
          run: (context) => {
            payment.look();
            return controlActivities().settleMoney(context);
          },
          hasNews: payment.hasNews,
          attentionAfterMs: unsettledAfterMs,
        },
      },
      {
        name: 'await-payment',
        run: async (context, within) => {
          await payment.wait(context, within);
          linkMail = mailOrderLink(saga.ref);
        },
        hasNews: payment.hasNews,
      },
      {
        name: 'issue-licence',
        run: (context, within) => controlActivities(within).issueLicence(context),
        undo: controlActivities().revokeLicence,
      },
      {
        name: 'stack-up',
        run: (context, within) => stackActivities(facts.cloud, within).stackUp(context),
        undo: {
          run: stackActivities(facts.cloud).destroyStack,
          attentionAfterMs: saga.times.FREEHOLD_ORPHAN_AFTER_MS,
          shownAs: 'orphan_cleanup',
          onAttention: showOrphan,
        },
      },
      { name: 'await-healthy', run: (context, within) => pollActivities(within).awaitHealthy(context) },
      { name: 'await-activation', run: (context, within) => pollActivities(within).awaitActivation(context) },
      {
        name: 'mark-ready',
        run: async (context) => {
          paidUntil = await controlActivities().markReady(context);
        },
      },
      { name: 'send-mail', run: (context) => mailActivities().sendMail(context) },
    ]);
  } catch (error) {
    if (!isCancellation(error) && !(error instanceof OperationEnds)) throw error;
    return undo(causeOfUndo(error));
  }
  await CancellationScope.nonCancellable(() => saga.note({ status: 'succeeded' }));
  await linkMail;
  saga.end('succeeded', 'ready');
  return { status: 'succeeded', instanceStatus: 'ready', ...(paidUntil ? { facts: { paidUntil } } : {}) };

  /** Undoes the order; its instance has no owner any more. */
  async function undo(cause: ReasonCode): Promise<OperationResult> {
    const reason = await CancellationScope.nonCancellable(async () => {
      const holds = await controlActivities().beginUndo(saga.ref, cause);
      await saga.setInstanceStatus('undoing');
      return holds;
    });
    await saga.undo({
      'send-outcome-mail': {
        run: endOrderAndExplain(reason),
        giveUpAfterMs: saga.times.FREEHOLD_OPERATOR_WINDOW_MS,
      },
    });
    const status = isCancel(reason) ? 'cancelled' : 'failed';
    await CancellationScope.nonCancellable(() => saga.note({ status, reason, instanceStatus: 'aborted' }));
    await linkMail;
    saga.end(status, 'aborted');
    return { status, instanceStatus: 'aborted', reason };
  }

  /** Ends the order once its money is settled; an undeliverable mail does not delay that. */
  function endOrderAndExplain(reason: ReasonCode) {
    return async (context: StepContext): Promise<void> => {
      await controlActivities().endOrder(saga.ref, reason);
      await mailActivities().sendOutcomeMail(context);
    };
  }

  async function showOrphan(): Promise<void> {
    await saga.setInstanceStatus('orphan_cleanup');
    await saga.note({ status: 'undoing', instanceStatus: 'orphan_cleanup' });
  }
}

/**
 * Mails the payer the link of their order while the server is built. An order is delivered without this mail: the
 * outbox keeps it as refused or pending.
 */
async function mailOrderLink(ref: OperationRef): Promise<void> {
  try {
    await mailActivities().sendOrderLink(ref);
  } catch (error) {
    log.warn('the link of the order was not mailed', { orderId: ref.orderId, error });
  }
}

/** A customer's cancel has recorded its reason already; a bare cancel comes from the Temporal UI. */
function causeOfUndo(error: unknown): ReasonCode {
  if (!(error instanceof OperationEnds) || error.why === 'aborted') return 'cancelled_by_operator';
  return error.why === 'window_ended' ? 'not_delivered' : error.why;
}

/** News about the payment of the order, and the wait for it. */
function openPaymentNews() {
  let changes = 0;
  let seen = 0;
  let deadline: number | undefined;
  setHandler(paymentChanged, () => {
    changes += 1;
  });
  const hasNews = () => changes > seen;
  const look = () => {
    seen = changes;
  };

  /**
   * Waits for the payment: a polling activity, restarted by every `payment-changed`, raced against one deadline, which
   * runs from the first try on. At the deadline one last read decides, so that a payment that succeeded is not lost.
   */
  async function wait(context: StepContext, { deadlineMs = Number.POSITIVE_INFINITY }: Within): Promise<void> {
    deadline ??= Date.now() + deadlineMs;
    while (Date.now() < deadline) {
      look();
      const scope = new CancellationScope();
      let outcome: { error?: unknown } | undefined;
      const poll = scope
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
        await condition(() => outcome !== undefined || hasNews(), deadline - Date.now());
      } catch (error) {
        scope.cancel();
        await poll;
        throw error;
      }
      if (outcome) {
        if ('error' in outcome) throw outcome.error;
        return;
      }
      scope.cancel();
      await poll;
      if (outcome && !('error' in (outcome as { error?: unknown }))) return;
    }
    look();
    await controlActivities().expirePayment(context);
  }
  return { hasNews, look, wait };
}
