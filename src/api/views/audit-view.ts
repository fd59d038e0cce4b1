import type { z } from 'zod';
import type { AuditEntry } from '../../contracts/api/operator.ts';
import type { AuditEntry as AuditRecord } from '../../store/records.ts';

/** An audit entry for operators; absent values are omitted. */
export function auditView({
  at,
  actor,
  action,
  before,
  after,
  requestId,
  why,
}: AuditRecord): z.infer<typeof AuditEntry> {
  const facts = Object.entries({ before, after, requestId, why }).filter(([, value]) => value !== undefined);
  return { at: at.toISOString(), actor, action, ...Object.fromEntries(facts) };
}
