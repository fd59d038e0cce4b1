import { createHash } from 'node:crypto';
import { nowDate } from '../../../runtime/clock.ts';
import { audit } from '../audit.ts';
import type { ServerContext } from '../context.ts';
import { idText } from '../id-text.ts';
import type { Licence } from '../store/licence.ts';
import type { AuditNote, OutboxEvent } from '../store/outbox.ts';

/** The document whose outbox holds the event, or which it is about. */
export interface Subject {
  _id: string;
  activationId: string | null;
}

/** Records an outbox event as an event; repeating it changes nothing. False if it was recorded before. */
export function recordEvent(
  context: ServerContext,
  licence: Pick<Licence, '_id' | 'product' | 'externalRef'>,
  subject: Subject,
  event: OutboxEvent,
  note?: AuditNote,
): Promise<boolean> {
  const { type, key, at, details } = event;
  return context.db.events.record({
    _id: eventId([type, subject._id, key]),
    type,
    at,
    licenceId: licence._id,
    activationId: subject.activationId,
    product: licence.product,
    externalRef: licence.externalRef,
    details,
    recordedAt: nowDate(),
    fannedOutAt: null,
    ...(note && { outbox: [note] }),
  });
}

/** Deterministic: the same event always has the same id, from its type, its document and its key. */
function eventId(about: readonly string[]): string {
  return idText('evt_', createHash('sha256').update(JSON.stringify(about)).digest());
}

/**
 * Records an event about a licence that changes no document, such as a refusal. It is recorded before the refusal is
 * answered, so if no answer arrives, the client's next request records it. A note is audited with it, also once.
 */
export async function recordEventNow(
  context: ServerContext,
  licence: Licence,
  event: OutboxEvent,
  note?: AuditNote,
): Promise<void> {
  const first = await recordEvent(context, licence, { _id: licence._id, activationId: null }, event, note);
  if (first && note) await audit(context, note);
}
