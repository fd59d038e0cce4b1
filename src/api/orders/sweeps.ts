import { ReasonError } from '../../contracts/reasons.ts';
import type { ApiDeps } from '../deps.ts';
import { startOrder } from './start-orders.ts';
import { sweepMoneyOnce } from './sweep-money.ts';

/** Starts the missing workflows of orders and subscriptions, and frees names whose hold has expired. */
export async function sweepOnce(deps: ApiDeps): Promise<void> {
  await sweepOrders(deps);
  for (const subscription of await deps.store.subscriptions.notStarted()) {
    await deps.workflows.signalSubscription(subscription);
    await deps.store.subscriptions.markStarted(subscription._id);
    deps.log.info({ subscriptionId: subscription._id }, 'started a subscription that had no workflow');
  }
}

async function sweepOrders(deps: ApiDeps): Promise<void> {
  const removed = await deps.store.holds.removeExpired();
  if (removed > 0) deps.log.info({ removed }, 'holds ended');
  for (const order of await deps.store.orders.notStarted(deps.config.FREEHOLD_START_SWEEP_MS)) {
    try {
      await startOrder(deps, order);
      deps.log.info({ orderId: order._id }, 'started an order that had no workflow');
    } catch (error) {
      if (error instanceof ReasonError && error.code === 'workflow_unreachable') throw error;
      // The next order may still start; one whose account was closed has been deleted.
      deps.log.error({ err: error, orderId: order._id }, 'an order could not be started');
    }
  }
}

/** Sweeps periodically until stopped; a failed round is logged and the next one tries again. */
export function startSweeps(deps: ApiDeps): { stop(): Promise<void> } {
  const { FREEHOLD_START_SWEEP_MS, FREEHOLD_MONEY_SWEEP_MS } = deps.config;
  // Independent loops: a slow Stripe does not delay the start of orders.
  const sweeps = [
    sweepEvery(FREEHOLD_START_SWEEP_MS, () => sweepOnce(deps), deps),
    sweepEvery(FREEHOLD_MONEY_SWEEP_MS, () => sweepMoneyOnce(deps), deps),
  ];
  return {
    async stop() {
      await Promise.all(sweeps.map((sweep) => sweep.stop()));
    },
  };
}

function sweepEvery(everyMs: number, sweep: () => Promise<void>, { log }: ApiDeps): { stop(): Promise<void> } {
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= sweep()
      .catch((error) => log.error({ err: error }, 'a sweep of orders failed'))
      .finally(() => {
        running = undefined;
      });
  }, everyMs);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
