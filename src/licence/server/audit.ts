import { Types } from 'mongoose';
import type { ServerContext } from './context.ts';
import type { AuditRecord } from './store/audit.ts';
import type { AuditNote } from './store/outbox.ts';

/**
 * The audit log: exactly one entry for each change, however a process dies.
 *
 * The entry of a change is written into the outbox of the changed document by the same update, and appended to the log
 * right after it. If a process dies in between, the relay of any process appends it; the entry's id is fixed in the
 * outbox, so it appears only once. Events that change no document, such as most refusals, are appended before they are
 * answered.
 */
export function auditNote(
  about: Pick<AuditRecord, 'at' | 'actor' | 'action' | 'requestId'> & Partial<AuditRecord>,
): AuditNote {
  const { at, actor, action, requestId, licenceId = null, activationId = null, before = null, after = null } = about;
  const _id = new Types.ObjectId();
  const entry = { _id, at, actor, action, licenceId, activationId, requestId, before, after };
  return { type: 'audit', key: _id.toHexString(), at, entry };
}

/** Appends an entry; repeating it changes nothing. */
export function audit(context: ServerContext, { entry }: AuditNote): Promise<void> {
  return context.db.audit.append(entry);
}
