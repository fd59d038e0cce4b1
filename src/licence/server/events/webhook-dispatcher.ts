import { randomUUID } from 'node:crypto';
import { now, nowDate } from '../../../runtime/clock.ts';
import { audit, auditNote } from '../audit.ts';
import type { ServerContext } from '../context.ts';
import { newRequestId } from '../ids.ts';
import type { Delivery } from '../store/deliveries.ts';
import type { Webhook } from '../store/webhooks.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { createDeliveredRecorder } from './record-delivered.ts';
import { relay } from './relay.ts';
import { nextTry } from './retry-rules.ts';
import { createSender, type Outcome, type Sender } from './send.ts';
import { liveSecrets } from './webhooks-admin.ts';

/** How many deliveries one process attempts at once, and how many of them to the same endpoint. */
const atOnce = 100;
const atOncePerWebhook = 10;

/** How many deliveries are claimed by one update. An endpoint that has fewer than half as many waiting gets more. */
const batch = 100;

/** A delivery that this process has claimed. */
interface Held {
  delivery: Delivery;
  /** When it was due. */
  dueAt: Date;
  /** The latest start of its attempt, ms since the epoch: after that the claim might expire during the attempt. */
  startBy: number;
}

/**
 * Moves outbox events to events and delivers them until the returned function is called; that resolves when running
 * attempts have ended. Due deliveries are claimed many at a time and wait in this process until their endpoint has a
 * free place; a delivery that has been answered starts the next one. Every process may do so at the same time: a
 * delivery is attempted by the process that claims it, and the claim outlasts the time limit of an attempt. What has
 * waited too long, and all that waits when the dispatcher stops, is handed back. If a process dies, the deliveries that
 * it held wait until their claims expire, and endpoints may get those that had been answered twice, under the same
 * `webhook-id`.
 */
export function startWebhookDispatcher(context: ServerContext): () => Promise<void> {
  const { deliveries } = context.db;
  const sender = createSender(context.settings);
  const delivered = createDeliveredRecorder(context);
  const underWay = new Map<string, { webhookId: string; done: Promise<void> }>();
  /** By endpoint, the one served longest ago first. */
  const waiting = new Map<string, Held[]>();
  let isStopped = false;

  const begin = oneAtATime(beginDue, (error) =>
    context.log.warn({ err: error }, 'due deliveries were not claimed; the next round retries'),
  );
  const moveEvents = oneAtATime(
    () => relay(context, () => begin.request()),
    (error) => context.log.warn({ err: error }, 'events were not relayed; the next round retries'),
  );

  /** Claims and starts due deliveries, longest due first; an endpoint at its limit takes no slot from the others. */
  async function beginDue(): Promise<void> {
    await handBack(({ startBy }) => startBy < now());
    for (;;) {
      startWaiting();
      if (isStopped || underWay.size >= atOnce) return;
      const supplied = [...waiting].filter(([, held]) => held.length >= batch / 2).map(([webhookId]) => webhookId);
      const dueAt = nowDate();
      const begun = [...underWay.keys(), ...delivered.unrecorded()];
      const due = await deliveries.due(dueAt, { webhooks: supplied, deliveries: begun }, batch);
      if (due.length === 0) return;
      await claim(due, dueAt);
    }
  }

  async function claim(due: Delivery[], at: Date): Promise<void> {
    const { webhookTimeoutMs, webhookClaimMs } = context.settings;
    const until = new Date(now() + webhookTimeoutMs + webhookClaimMs);
    const dueAt = new Map(due.map(({ _id, nextAt }) => [_id, nextAt]));
    const held = await deliveries.claim([...dueAt.keys()], at, randomUUID(), until);
    const startBy = now() + webhookClaimMs / 2;
    for (const delivery of held) {
      const before = waiting.get(delivery.webhookId) ?? [];
      waiting.set(delivery.webhookId, [...before, { delivery, dueAt: dueAt.get(delivery._id) ?? at, startBy }]);
    }
  }

  function startWaiting(): void {
    for (const [webhookId, held] of [...waiting]) {
      let free = Math.min(atOnce - underWay.size, atOncePerWebhook - runningOf(webhookId));
      while (!isStopped && free > 0 && held[0] !== undefined && held[0].startBy >= now()) {
        start((held.shift() as Held).delivery);
        free -= 1;
      }
      waiting.delete(webhookId);
      if (held.length > 0) waiting.set(webhookId, held);
    }
  }

  const runningOf = (webhookId: string) => [...underWay.values()].filter((one) => one.webhookId === webhookId).length;

  function start(delivery: Delivery): void {
    const { _id, webhookId } = delivery;
    const done = deliver(context, sender, delivered, delivery)
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
        startWaiting();
        if ((waiting.get(webhookId)?.length ?? 0) < batch / 2) begin.request();
      });
    underWay.set(_id, { webhookId, done });
  }

  /** Lets other processes have claimed deliveries that wait here; they stay the longest due of their endpoint. */
  async function handBack(which: (held: Held) => boolean): Promise<void> {
    for (const [webhookId, held] of [...waiting]) {
      const back = held.filter(which);
      if (back.length === 0) continue;
      waiting.set(
        webhookId,
        held.filter((one) => !which(one)),
      );
      const longestDue = Math.min(...back.map(({ dueAt }) => dueAt.getTime()));
      await deliveries.handBack(
        back.map(({ delivery }) => delivery),
        new Date(longestDue),
      );
    }
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
    await handBack(() => true).catch((error: unknown) =>
      context.log.warn({ err: error }, 'claimed deliveries were not handed back; they wait until their claims expire'),
    );
    await Promise.all([...underWay.values()].map(({ done }) => done));
    await delivered.ended();
    await sender.close();
  };
}

/** Attempts a claimed delivery. */
async function deliver(
  context: ServerContext,
  sender: Sender,
  delivered: ReturnType<typeof createDeliveredRecorder>,
  held: Delivery,
): Promise<void> {
  const { webhooks, events } = context.db;
  const [webhook, event] = await Promise.all([webhooks.find(held.webhookId), events.find(held.eventId)]);
  if (webhook === null || event === null) {
    await settleDead(context, held, webhook === null ? 'DELETED' : 'EVENT_GONE');
  } else if (!webhook.enabled) {
    await settleDead(context, held, 'DISABLED');
  } else {
    const result = await sender.send(webhook.url, event, liveSecrets(context, webhook));
    if (result.delivered) delivered.add(held, result.outcome);
    else await settleFailed(context, held, webhook, result);
  }
}

async function settleFailed(context: ServerContext, held: Delivery, webhook: Webhook, result: Outcome): Promise<void> {
  const { outcome } = result;
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
