import { Types } from 'mongoose';
import type { ServerContext } from './context.ts';
import type { AuditRecord } from './store/audit.ts';
import type { AuditNote } from './store/outbox.ts';

/**
 * The audit log: exactly one entry for each change, however a process dies.
 *
 * The entry of a change stands in the outbox of the document that changed, written by the same update, and is appended
 * to the log right after it. Where a process died in between, the relay of any process appends it; its id is made with
 * it, so it stands in the log once. What changes no document, as most refusals, is appended before it is answered.
 */
export function auditNote(
  about: Pick<AuditRecord, 'at' | 'actor' | 'action' | 'requestId'> & Partial<AuditRecord>,
): AuditNote {
  const { at, actor, action, requestId, licenceId = null, activationId = null, before = null, after = null } = about;
  const _id = new Types.ObjectId();
  const entry = { _id, at, actor, action, licenceId, activationId, requestId, before, after };
  return { type: 'audit', key: _id.toHexString(), at, entry };
}

/** Appends an entry, once however often it is told. */
export function audit(context: ServerContext, { entry }: AuditNote): Promise<void> {
  return context.db.audit.append(entry);
}
