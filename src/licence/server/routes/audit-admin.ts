import { z } from 'zod';
import { AuditEntries, type AuditEntry, LicenceId } from '../../protocol/admin.ts';
import { requireAdmin } from '../guards/require-admin.ts';
import { type Route, route } from '../routing/route.ts';
import type { AuditRecord } from '../store/audit.ts';

export const auditAdminRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/admin/audit',
    tag: 'audit',
    summary: 'What was changed about a licence, by whom and in which request; oldest first',
    guard: requireAdmin,
    query: z.strictObject({ licenseId: LicenceId }),
    answers: { 200: AuditEntries },
    refusals: [],
    async handler({ query, context }) {
      const records = await context.db.audit.of(query.licenseId);
      return { status: 200, body: { entries: records.map(auditEntry) } };
    },
  }),
];

function auditEntry(record: AuditRecord): AuditEntry {
  const { at, actor, action, licenceId, activationId, requestId, before, after } = record;
  return {
    at: at.toISOString(),
    actor,
    action,
    licenseId: licenceId,
    instanceId: activationId,
    requestId,
    before,
    after,
  };
}
