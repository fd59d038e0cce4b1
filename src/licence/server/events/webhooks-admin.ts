import { randomBytes } from 'node:crypto';
import { now, nowDate } from '../../../runtime/clock.ts';
import type {
  CreateWebhook,
  DeliveryList,
  DeliveryQuery,
  DeliveryView,
  Redelivered,
  WebhookList,
  WebhookView,
} from '../../protocol/events.ts';
import { audit, auditNote } from '../audit.ts';
import type { Actor } from '../caller.ts';
import type { ServerContext } from '../context.ts';
import { newWebhookId } from '../ids.ts';
import { Refusal } from '../refusal.ts';
import type { Delivery } from '../store/deliveries.ts';
import type { AuditNote } from '../store/outbox.ts';
import type { SealedSecret, Webhook } from '../store/webhooks.ts';
import { addressFault } from './safe-address.ts';

/** Operators' calls for endpoints and deliveries. Each change is audited; a secret is shown only when it is created. */

/**
 * Once per idempotency key. Throws WEBHOOK_ADDRESS_REFUSED and, if the key was used for another request or its endpoint
 * was removed since, IDEMPOTENCY_CONFLICT.
 */
export async function createWebhook(
  context: ServerContext,
  request: CreateWebhook,
  call: Actor & { idempotencyKey: string },
): Promise<{ view: WebhookView; created: boolean }> {
  const fault = addressFault(request.url, context.settings.webhookAllowPrivate);
  if (fault !== null) throw new Refusal('WEBHOOK_ADDRESS_REFUSED', fault);
  const id = newWebhookId();
  const at = nowDate();
  const note = noteOf('webhook.created', call, { webhookId: id, url: originOf(request.url) });
  const fresh: Webhook = {
    ...request,
    _id: id,
    idempotencyKey: call.idempotencyKey,
    enabled: true,
    secrets: [newSecret(context, id, at)],
    createdAt: at,
    outbox: [note],
  };
  const created = await context.db.webhooks.insert(fresh);
  const webhook = created ? fresh : await context.db.webhooks.byIdempotencyKey(call.idempotencyKey);
  if (webhook === null || webhook.removedAt) {
    const detail = 'The webhook that this idempotency key created was removed: use a new key to create another one.';
    throw new Refusal('IDEMPOTENCY_CONFLICT', detail);
  }
  if (webhook.url !== request.url || String(webhook.events) !== String(request.events)) {
    throw new Refusal('IDEMPOTENCY_CONFLICT');
  }
  if (created) await audit(context, note);
  return { view: webhookView(webhook, newestSecret(context, webhook)), created };
}

export async function listWebhooks(context: ServerContext): Promise<WebhookList> {
  return { webhooks: (await context.db.webhooks.all()).map((webhook) => webhookView(webhook)) };
}

/** Switches deliveries on or off; events in the meantime are kept as dead deliveries. Throws NO_SUCH_WEBHOOK. */
export async function enableWebhook(
  context: ServerContext,
  id: string,
  enabled: boolean,
  by: Actor,
): Promise<WebhookView> {
  const note = noteOf(enabled ? 'webhook.enabled' : 'webhook.disabled', by, { webhookId: id });
  if ((await context.db.webhooks.enable(id, enabled, note)) !== null) await audit(context, note);
  return webhookView(await knownWebhook(context, id));
}

/**
 * Creates a new secret; the previous one also signs until the overlap ends, so receivers can switch without losing
 * events. Throws NO_SUCH_WEBHOOK.
 */
export async function rotateSecret(context: ServerContext, id: string, by: Actor): Promise<WebhookView> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const held = await knownWebhook(context, id);
    const at = nowDate();
    const until = new Date(at.getTime() + context.settings.webhookSecretOverlapMs);
    const last = held.secrets.at(-1);
    const secrets = [...(last === undefined ? [] : [{ ...last, until }]), newSecret(context, id, at)];
    const note = noteOf('webhook.secret-rotated', by, { webhookId: id, oldUntil: until.toISOString() });
    const rotated = await context.db.webhooks.replaceSecrets(held, secrets, note);
    if (rotated === null) continue;
    await audit(context, note);
    return webhookView(rotated, newestSecret(context, rotated));
  }
  throw new Refusal('SERVICE_UNAVAILABLE', 'The endpoint met too many concurrent changes.', { retryAfterSec: 1 });
}

/** Removes an endpoint and its deliveries; repeating it changes nothing. */
export async function deleteWebhook(context: ServerContext, id: string, by: Actor): Promise<void> {
  const note = noteOf('webhook.deleted', by, { webhookId: id });
  const removed = await context.db.webhooks.remove(id, nowDate(), note);
  // Also if it was removed before: a crash may have interrupted the rest.
  await context.db.deliveries.removeOf(id);
  if (removed) await audit(context, note);
}

export async function listDeliveries(context: ServerContext, query: DeliveryQuery): Promise<DeliveryList> {
  const { status, webhookId, after = '', limit } = query;
  const only = { ...(status && { status }), ...(webhookId && { webhookId }) };
  const deliveries = await context.db.deliveries.page(only, after, limit);
  return {
    deliveries: deliveries.map(deliveryView),
    next: deliveries.length === limit ? (deliveries.at(-1)?._id ?? null) : null,
  };
}

/**
 * Sends a delivery again from the start, under its `webhook-id`; a pending one stays as it is. Throws NO_SUCH_DELIVERY.
 */
export async function redeliver(context: ServerContext, id: string, by: Actor): Promise<DeliveryView> {
  const note = noteOf('webhook.redelivered', by, { webhookId: id.split('.')[1], deliveryId: id });
  const again = await context.db.deliveries.redeliver(id, nowDate(), note);
  const delivery = again ?? (await context.db.deliveries.find(id));
  if (delivery === null) throw new Refusal('NO_SUCH_DELIVERY');
  if (again !== null) await audit(context, note);
  return deliveryView(delivery);
}

/** Sends all dead deliveries of one endpoint again. Throws NO_SUCH_WEBHOOK. */
export async function redeliverDead(context: ServerContext, id: string, by: Actor): Promise<Redelivered> {
  await knownWebhook(context, id);
  const note = noteOf('webhook.redelivered', by, { webhookId: id, deliveries: 'dead' });
  const redelivered = await context.db.deliveries.redeliverDead(id, nowDate(), note);
  if (redelivered > 0) await audit(context, note);
  return { redelivered };
}

/** Secrets that sign events now, newest first. */
export function liveSecrets(context: ServerContext, webhook: Webhook): string[] {
  return webhook.secrets
    .filter(({ until }) => until === null || until.getTime() > now())
    .map(({ sealed }) => context.keys.unseal(sealed, webhook._id))
    .reverse();
}

function newSecret(context: ServerContext, webhookId: string, from: Date): SealedSecret {
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  return { sealed: context.keys.seal(secret, webhookId), from, until: null };
}

function newestSecret(context: ServerContext, webhook: Webhook): string {
  const newest = webhook.secrets.at(-1);
  if (newest === undefined) throw new Error(`The endpoint ${webhook._id} has no secret.`);
  return context.keys.unseal(newest.sealed, webhook._id);
}

async function knownWebhook(context: ServerContext, id: string): Promise<Webhook> {
  const webhook = await context.db.webhooks.find(id);
  if (webhook === null) throw new Refusal('NO_SUCH_WEBHOOK');
  return webhook;
}

function webhookView(webhook: Webhook, secret?: string): WebhookView {
  const { _id, url, events, description, enabled, createdAt } = webhook;
  const view = { webhookId: _id, url, events, description, enabled, createdAt: createdAt.toISOString() };
  return secret === undefined ? view : { ...view, secret };
}

function deliveryView(delivery: Delivery): DeliveryView {
  const { status, nextAt, endedAt } = delivery;
  return {
    deliveryId: delivery._id,
    eventId: delivery.eventId,
    webhookId: delivery.webhookId,
    type: delivery.type,
    licenseId: delivery.licenceId,
    status,
    attempts: delivery.attempts,
    nextAt: status === 'pending' ? nextAt.toISOString() : null,
    lastOutcome: delivery.lastOutcome,
    createdAt: delivery.createdAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
  };
}

/** The URL without path and query, which may contain a secret of the receiver. */
function originOf(url: string): string {
  return new URL(url).origin;
}

function noteOf(action: string, by: Actor, after: Record<string, unknown>): AuditNote {
  return auditNote({ ...by, at: nowDate(), action, after });
}
