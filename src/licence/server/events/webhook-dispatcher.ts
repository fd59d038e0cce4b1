import { randomUUID } from 'node:crypto';
import { now, nowDate } from '../../../runtime/clock.ts';
import { audit, auditNote } from '../audit.ts';
import type { ServerContext } from '../context.ts';
import { newRequestId } from '../ids.ts';
import type { Delivery } from '../store/deliveries.ts';
import type { Webhook } from '../store/webhooks.ts';
import { relay } from './relay.ts';
import { nextTry } from './retry-rules.ts';
import { createSender, type Outcome, type Sender } from './send.ts';
import { liveSecrets } from './webhooks-admin.ts';

/** How many deliveries one process attempts at once, and how many of them to the same endpoint. */
const atOnce = 100;
const atOncePerWebhook = 10;

/**
 * Moves outbox events to events and delivers them until the returned function is called; that resolves when running
 * attempts have ended. A delivery that has ended starts the next one that is due. Every process may do so at the same
 * time: a delivery is attempted by the process that claims it, and the claim outlasts the time limit of an attempt. If
 * a process dies with a claim, that delivery waits until the claim expires, and its endpoint may get it twice, under
 * the same `webhook-id`.
 */
export function startWebhookDispatcher(context: ServerContext): () => Promise<void> {
  const sender = createSender(context.settings);
  const underWay = new Map<string, { webhookId: string; done: Promise<void> }>();
  /** Read, but not started yet: so that a delivery that has ended starts the next one without asking the database. */
  const ready: Delivery[] = [];
  let isStopped = false;

  const begin = oneAtATime(beginDue, (error) =>
    context.log.warn({ err: error }, 'due deliveries were not read; the next round retries'),
  );
  const moveEvents = oneAtATime(
    () => relay(context, () => begin.request()),
    (error) => context.log.warn({ err: error }, 'events were not relayed; the next round retries'),
  );

  /** Starts due deliveries, longest due first; an endpoint at its limit takes no slot from the others. */
  async function beginDue(): Promise<void> {
    for (;;) {
      startReady();
      if (isStopped || underWay.size >= atOnce) return;
      const enough = [...endpointsAtLimit(), ...ready.map(({ webhookId }) => webhookId)];
      const leftOut = { webhooks: [...new Set(enough)], deliveries: [...underWay.keys()] };
      const due = await context.db.deliveries.due(nowDate(), leftOut, atOnce);
      if (due.length === 0) return;
      ready.push(...due);
    }
  }

  function startReady(): void {
    const waiting = ready.splice(0);
    for (const delivery of waiting) {
      if (isStopped || underWay.size >= atOnce || endpointsAtLimit().includes(delivery.webhookId)) ready.push(delivery);
      else start(delivery);
    }
  }

  function start(delivery: Delivery): void {
    const { _id, webhookId } = delivery;
    const done = deliver(context, sender, delivery)
      // After a failure of this process the next round continues, so that it does not repeat without a pause.
      .then(
        () => true,
        (error: unknown) => {
          context.log.warn({ err: error, delivery: _id }, 'a delivery was interrupted');
          return false;
        },
      )
      .then((ended) => {
        underWay.delete(_id);
        if (!ended || isStopped) return;
        startReady();
        if (!ready.some((other) => other.webhookId === webhookId)) begin.request();
      });
    underWay.set(_id, { webhookId, done });
  }

  function endpointsAtLimit(): string[] {
    const byWebhook = Map.groupBy(underWay.values(), ({ webhookId }) => webhookId);
    return [...byWebhook].filter(([, running]) => running.length >= atOncePerWebhook).map(([webhookId]) => webhookId);
  }

  const timer = setInterval(() => {
    moveEvents.request();
    begin.request();
  }, context.settings.relayMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    isStopped = true;
    await moveEvents.ended();
    await begin.ended();
    await Promise.all([...underWay.values()].map(({ done }) => done));
    await sender.close();
  };
}

/** Runs a task once at a time; requested while it runs, it runs once more afterwards. */
function oneAtATime(task: () => Promise<unknown>, onError: (error: unknown) => void) {
  let running: Promise<void> | null = null;
  let isRequested = false;
  async function run(): Promise<void> {
    while (isRequested) {
      isRequested = false;
      try {
        await task();
      } catch (error) {
        onError(error);
      }
    }
    running = null;
  }
  return {
    request(): void {
      isRequested = true;
      running ??= run();
    },
    ended: async (): Promise<void> => {
      await running;
    },
  };
}

/** Attempts one delivery, unless another process does. */
async function deliver(context: ServerContext, sender: Sender, due: Delivery): Promise<void> {
  const { deliveries, webhooks, events } = context.db;
  const until = new Date(now() + context.settings.webhookTimeoutMs + context.settings.webhookClaimMs);
  const held = await deliveries.claim(due, randomUUID(), until);
  if (held === null) return;
  const [webhook, event] = await Promise.all([webhooks.find(held.webhookId), events.find(held.eventId)]);
  if (webhook === null || event === null) {
    await settleDead(context, held, webhook === null ? 'DELETED' : 'EVENT_GONE');
  } else if (!webhook.enabled) {
    await settleDead(context, held, 'DISABLED');
  } else {
    const outcome = await sender.send(webhook.url, event, liveSecrets(context, webhook));
    await settle(context, held, webhook, outcome);
  }
}

async function settle(context: ServerContext, held: Delivery, webhook: Webhook, result: Outcome): Promise<void> {
  const { outcome } = result;
  if (result.delivered) {
    const delivered = { status: 'delivered', lastOutcome: outcome, endedAt: nowDate() } as const;
    await context.db.deliveries.settle(held, delivered);
    return;
  }
  const next = nextTry(
    { attempts: held.attempts, since: held.since.getTime() },
    { now: now(), random: Math.random(), ...(result.retryAfterMs && { retryAfterMs: result.retryAfterMs }) },
    context.settings,
  );
  if (result.gone) await disableGone(context, webhook);
  if (next === null || result.gone) await settleDead(context, held, outcome);
  else await context.db.deliveries.settle(held, { nextAt: new Date(next), lastOutcome: outcome });
}

async function settleDead(context: ServerContext, held: Delivery, outcome: string): Promise<void> {
  const dead = { status: 'dead', lastOutcome: outcome, endedAt: nowDate() } as const;
  if (!(await context.db.deliveries.settle(held, dead))) return;
  context.log.warn({ delivery: held._id, outcome, attempts: held.attempts }, 'webhook delivery given up');
}

async function disableGone(context: ServerContext, webhook: Webhook): Promise<void> {
  const note = auditNote({
    at: nowDate(),
    actor: 'webhook-dispatcher',
    action: 'webhook.disabled',
    requestId: newRequestId(),
    after: { webhookId: webhook._id, why: 'the endpoint answered 410' },
  });
  if ((await context.db.webhooks.enable(webhook._id, false, note)) !== null) await audit(context, note);
}
