import type { Log } from '../../contracts/log.ts';
import type { ServerKeys } from './keys.ts';
import type { CheckLimit, FailureLimit } from './rate-limits.ts';
import type { Settings } from './settings.ts';
import type { AuditRecord } from './store/audit.ts';
import type { LicenceDatabase } from './store/store.ts';

/** What every call of the licence server works with. */
export interface ServerContext {
  settings: Settings;
  keys: ServerKeys;
  db: LicenceDatabase;
  failures: FailureLimit;
  checks: CheckLimit;
  log: Log;
}

/** The request that a call answers: its id, for audit and problem bodies, and its address, for limits. */
export interface Caller {
  requestId: string;
  address: string;
}

/** Appends to the audit log; what is not given is null. */
export function audit(
  context: ServerContext,
  entry: Pick<AuditRecord, 'actor' | 'action' | 'requestId'> & Partial<AuditRecord> & { at: Date },
): Promise<void> {
  return context.db.audit.append({ licenceId: null, activationId: null, before: null, after: null, ...entry });
}
