import { nowDate } from '../../../runtime/clock.ts';
import type { AuditEntry } from '../../protocol/admin.ts';
import type { AccountExport, PortalInstance } from '../../protocol/portal.ts';
import type { ServerContext } from '../context.ts';
import type { Licence } from '../store/licence.ts';
import { auditEntry, portalInstance, portalLicence, seatedStatuses } from './portal-views.ts';

const pageSize = 500;

/** All data of this server about an account: its licences with their nodes and their audit log. */
export async function exportAccount(context: ServerContext, account: string): Promise<AccountExport> {
  const { licences } = context.db;
  const exported: AccountExport['licenses'] = [];
  for await (const licence of paged((after) => licences.ofAccount(account, after, pageSize))) {
    exported.push({
      ...(await portalLicence(context, licence)),
      instances: await instancesOf(context, licence),
      audit: await auditOf(context, licence),
    });
  }
  return { account, at: nowDate().toISOString(), licenses: exported };
}

async function instancesOf(context: ServerContext, licence: Licence): Promise<PortalInstance[]> {
  const { activations } = context.db;
  const found: PortalInstance[] = [];
  for await (const activation of paged((after) => activations.page(licence._id, seatedStatuses, after, pageSize))) {
    found.push(portalInstance(licence, activation));
  }
  return found;
}

async function auditOf(context: ServerContext, licence: Licence): Promise<AuditEntry[]> {
  const found: AuditEntry[] = [];
  for await (const record of paged((after) =>
    context.db.audit.page({ licenceId: licence._id, after, limit: pageSize }),
  )) {
    found.push(auditEntry(record));
  }
  return found;
}

async function* paged<T extends { _id: unknown }>(read: (after: string) => Promise<T[]>): AsyncGenerator<T> {
  for (let after = ''; ; ) {
    const page = await read(after);
    yield* page;
    if (page.length < pageSize) return;
    after = String(page.at(-1)!._id);
  }
}
