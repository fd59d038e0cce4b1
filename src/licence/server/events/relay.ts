import type { Model } from 'mongoose';
import { nowDate } from '../../../runtime/clock.ts';
import { isDatabaseAway } from '../../../runtime/database-away.ts';
import { audit } from '../audit.ts';
import type { ServerContext } from '../context.ts';
import { type Delivery, deliveryId } from '../store/deliveries.ts';
import type { LicenceEvent } from '../store/events.ts';
import type { Licence } from '../store/licence.ts';
import { type OutboxItem, outboxOf, type WithOutbox } from '../store/outbox.ts';
import type { Webhook } from '../store/webhooks.ts';
import { recordEvent } from './record-event.ts';

/**
 * The path of an event: outbox of a document -> event -> one delivery for each endpoint. An audit entry goes from the
 * outbox to the log. Each step is written before the previous one is marked as done, and has a deterministic id. So a
 * process may die at any point, and several may do the same work at once: nothing is lost or duplicated. Calls back
 * whenever there are new deliveries.
 */
export async function relay(context: ServerContext, onDeliveries: () => void): Promise<number> {
  const emptied = await Promise.allSettled(outboxes(context).map((empty) => empty()));
  const failed = emptied.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  const moved = emptied.reduce((sum, one) => sum + (one.status === 'fulfilled' ? one.value : 0), 0);
  return moved + (await fanOut(context, onDeliveries));
}

/** How many documents or events are processed at once. */
const batch = 100;

/** The licence that a document's events are about; null if its events have no audience. */
type About<T> = (document: T) => { licenceId: string | null; activationId: string | null };

function outboxes(context: ServerContext): (() => Promise<number>)[] {
  const { licences, activations, offlineFiles, claims, events } = context.db;
  const { enrolments, products, plans, releases, webhooks, deliveries } = context.db;
  const empty =
    <T extends WithOutbox & { _id: string }>(model: Model<T>, about: About<T>) =>
    () =>
      emptyOutboxes(context, outboxOf(model), about);
  const ofLicence = ({ licenceId }: { licenceId: string | null }) => ({ licenceId, activationId: null });
  const auditOnly = () => ({ licenceId: null, activationId: null });
  return [
    empty(licences.model, ({ _id }) => ({ licenceId: _id, activationId: null })),
    empty(activations.model, ({ _id, licenceId }) => ({ licenceId, activationId: _id })),
    empty(offlineFiles.model, ofLicence),
    empty(claims.model, ofLicence),
    empty(events.model, auditOnly),
    empty(enrolments.model, auditOnly),
    empty(products.model, auditOnly),
    empty(plans.model, auditOnly),
    empty(releases.model, auditOnly),
    empty(webhooks.model, auditOnly),
    empty(deliveries.model, auditOnly),
  ];
}

async function emptyOutboxes<T extends WithOutbox & { _id: string }>(
  context: ServerContext,
  outbox: ReturnType<typeof outboxOf<T>>,
  about: About<T>,
): Promise<number> {
  const known = new Map<string, Licence | null>();
  async function licenceOf(licenceId: string): Promise<Licence | null> {
    if (!known.has(licenceId)) known.set(licenceId, await context.db.licences.find(licenceId));
    return known.get(licenceId) ?? null;
  }

  async function move(document: T, item: OutboxItem): Promise<void> {
    if (item.type === 'audit') return audit(context, item);
    const { licenceId, activationId } = about(document);
    const licence = licenceId === null ? null : await licenceOf(licenceId);
    if (licence === null) {
      // Its events have no audience any more, and must not hold up those of others.
      context.log.warn({ licenceId, document: document._id }, 'events of a deleted licence were dropped');
    } else {
      await recordEvent(context, licence, { _id: document._id, activationId }, item);
    }
  }

  let moved = 0;
  const stuck: string[] = [];
  async function empty(document: T): Promise<boolean> {
    try {
      for (const item of document.outbox ?? []) {
        await move(document, item);
        await outbox.take(document._id, item);
        moved += 1;
      }
      return true;
    } catch (error) {
      if (isDatabaseAway(error)) throw error;
      context.log.warn(
        { err: error, document: document._id },
        'the outbox of a document was not moved; the next round retries',
      );
      stuck.push(document._id);
      return false;
    }
  }

  for (;;) {
    const documents = await outbox.full(batch, stuck);
    let failed = 0;
    for (const document of documents) if (!(await empty(document))) failed += 1;
    // Documents that fail must not hide the others, however many there are.
    if (failed === 0 || documents.length < batch) return moved;
  }
}

async function fanOut(context: ServerContext, onDeliveries: () => void): Promise<number> {
  for (let moved = 0; ; ) {
    const events = await context.db.events.toFanOut(batch);
    if (events.length === 0) return moved;
    const webhooks = await context.db.webhooks.all();
    const deliveries = events.flatMap((event) =>
      webhooks.filter((webhook) => wants(webhook, event)).map((webhook) => newDelivery(webhook, event)),
    );
    if (deliveries.length > 0) await context.db.deliveries.insertMissing(deliveries);
    await context.db.events.fannedOut(
      events.map(({ _id }) => _id),
      nowDate(),
    );
    if (deliveries.length > 0) onDeliveries();
    moved += events.length;
  }
}

function wants({ events, createdAt }: Webhook, event: LicenceEvent): boolean {
  // Events from before the endpoint existed are not sent to it.
  return event.recordedAt >= createdAt && (events.length === 0 || events.includes(event.type));
}

function newDelivery(webhook: Webhook, event: LicenceEvent): Delivery {
  const at = nowDate();
  const { enabled } = webhook;
  return {
    _id: deliveryId(event._id, webhook._id),
    eventId: event._id,
    webhookId: webhook._id,
    type: event.type,
    licenceId: event.licenceId,
    status: enabled ? 'pending' : 'dead',
    attempts: 0,
    nextAt: at,
    claim: null,
    lastOutcome: enabled ? null : 'DISABLED',
    since: at,
    createdAt: at,
    endedAt: enabled ? null : at,
  };
}
