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
const atOnce = 16;
const atOncePerWebhook = 4;

/**
 * Moves outbox events to events and delivers them until the returned function is called; that resolves when running
 * attempts have ended. Every process may do so at the same time: a delivery is attempted by the process that claims it,
 * and the claim outlasts the time limit of an attempt. If a process dies with a claim, that delivery waits until the
 * claim expires, and its endpoint may get it twice, under the same `webhook-id`.
 */
export function startWebhookDispatcher(context: ServerContext): () => Promise<void> {
  const sender = createSender(context.settings);
  const underWay = new Map<string, { webhookId: string; done: Promise<void> }>();
  let round: Promise<void> | null = null;

  /** Starts due deliveries, longest due first; an endpoint at its limit takes no slot from the others. */
  async function beginDue(): Promise<void> {
    const full = new Set<string>();
    const excludeIfFull = (webhookId: string): void => {
      const toSame = [...underWay.values()].filter((other) => other.webhookId === webhookId).length;
      if (toSame >= atOncePerWebhook) full.add(webhookId);
    };
    for (const { webhookId } of underWay.values()) excludeIfFull(webhookId);
    let begun: number;
    do {
      begun = 0;
      for (const delivery of await context.db.deliveries.due(nowDate(), [...full], atOnce)) {
        const { _id, webhookId } = delivery;
        if (underWay.size >= atOnce) return;
        if (underWay.has(_id) || full.has(webhookId)) continue;
        const done = deliver(context, sender, delivery)
          .catch((error: unknown) => context.log.warn({ err: error, delivery: _id }, 'a delivery was interrupted'))
          .finally(() => underWay.delete(_id));
        underWay.set(_id, { webhookId, done });
        begun += 1;
        excludeIfFull(webhookId);
      }
    } while (begun > 0);
  }

  async function go(): Promise<void> {
    try {
      await relay(context);
    } finally {
      // Deliveries go on even if the relay fails.
      await beginDue();
    }
  }

  const timer = setInterval(() => {
    // One round at a time, so a slow database gets no more queries.
    round ??= go()
      .catch((error: unknown) => context.log.warn({ err: error }, 'events were not relayed; the next round retries'))
      .finally(() => {
        round = null;
      });
  }, context.settings.relayMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await round;
    await Promise.all([...underWay.values()].map(({ done }) => done));
    await sender.close();
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
