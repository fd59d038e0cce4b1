import { z } from 'zod';
import { route } from '../../../routing/route.ts';
import { AuditEntries, AuditEntryId, LicenceId } from '../../protocol/admin.ts';
import { requireAdmin } from '../guards/require-admin.ts';
import { auditEntry } from '../portal/portal-views.ts';

export const auditAdminRoutes = [
  route({
    method: 'get',
    path: '/v1/admin/audit',
    tag: 'audit',
    summary: 'A page of the audit log, of one licence or of all; oldest first',
    guard: requireAdmin,
    query: z.strictObject({
      licenseId: LicenceId.optional(),
      after: AuditEntryId.or(z.literal('')).default(''),
      limit: z.coerce.number().int().min(1).max(1000).default(1000),
    }),
    answers: { 200: AuditEntries },
    problems: [],
    async handler({ query: { licenseId: licenceId, after, limit }, context }) {
      const records = await context.db.audit.page({ licenceId, after, limit });
      const next = records.length === limit ? String(records.at(-1)!._id) : null;
      return { status: 200, body: { entries: records.map(auditEntry), next } };
    },
  }),
];
