import { ReasonError } from '../../contracts/reasons.ts';
import type { Member } from '../../domain/accounts/account-people.ts';
import { nowDate } from '../../runtime/clock.ts';
import type { AccountChange, AccountRecord } from '../../store/accounts.ts';
import type { ApiDeps } from '../deps.ts';

/** The member who changes an account, for the audit log. */
export interface Acting {
  accountId: string;
  /** Id of the member who does it. */
  actor: string;
  requestId: string;
}

/** The audit entry's view of a member or an invitation. */
export function audited(
  kind: 'member' | 'invitation',
  { _id, email, roles }: Pick<Member, '_id' | 'email' | 'roles'>,
): Record<string, unknown> {
  return { [kind]: _id, email, roles };
}

/** Writes the audit entry of a member's change to their account. */
export async function auditAccount(
  deps: Pick<ApiDeps, 'store'>,
  { accountId, actor, requestId }: Acting,
  entry: { action: string; before?: unknown; after?: unknown },
): Promise<void> {
  await deps.store.audit.append({ at: nowDate(), actor: `member:${actor}`, subject: accountId, requestId, ...entry });
}

/** Changes an account by one conditional update. Throws what `decide` throws; `not_signed_in` without an account. */
export async function changeAccount(
  deps: Pick<ApiDeps, 'store'>,
  accountId: string,
  decide: (account: AccountRecord) => AccountChange,
): Promise<{ before: AccountRecord; after: AccountRecord }> {
  const changed = await deps.store.accounts.change(accountId, decide);
  if (!changed) throw new ReasonError('not_signed_in');
  return changed;
}
