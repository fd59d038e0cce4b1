import { createHash } from 'node:crypto';
import { nowDate } from '../../../runtime/clock.ts';
import { audit } from '../audit.ts';
import type { ServerContext } from '../context.ts';
import { idText } from '../id-text.ts';
import type { Licence } from '../store/licence.ts';
import type { AuditNote, OutboxEvent } from '../store/outbox.ts';

/** The document that news stand in or are about. */
export interface Subject {
  _id: string;
  activationId: string | null;
}

/** Makes an event of news, once however often they are told. False when it stood there before. */
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

/** The same news always has the same id: its type, its document and its key decide. */
function eventId(about: readonly string[]): string {
  return idText('evt_', createHash('sha256').update(JSON.stringify(about)).digest());
}

/**
 * Tells of a licence what changed no document, as a refusal: before it is answered, so that whoever asks again because
 * no answer came tells it then. A note is audited with it, once as the news itself.
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
