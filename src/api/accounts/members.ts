import type { Role } from '../../contracts/api/account.ts';
import {
  type AccountPeople,
  changeRoles,
  leaveAccount,
  type Member,
  memberOf,
  removeMember,
} from '../../domain/accounts/account-people.ts';
import type { ApiDeps } from '../deps.ts';
import { type Acting, auditAccount, audited, changeAccount } from './change-account.ts';

/** Gives a member other roles. Throws `not_found`, `last_administrator`, `not_signed_in`, `not_allowed`. */
export async function giveRoles(deps: ApiDeps, acting: Acting, to: { id: string; roles: Role[] }): Promise<Member> {
  const { before, after } = await changeAccount(deps, acting.accountId, (account) =>
    changeRoles(account, { actor: acting.actor, ...to }),
  );
  const [was, is] = [memberOf(before, to.id), memberOf(after, to.id)];
  await auditAccount(deps, acting, {
    action: 'change-roles',
    before: audited('member', was),
    after: audited('member', is),
  });
  await auditRevoked(deps, acting, { before, after });
  return is;
}

/**
 * Removes a member with their sessions. Throws `not_found`, `account_holder`, `last_administrator`, `not_signed_in`,
 * `not_allowed`.
 */
export async function dismissMember(deps: ApiDeps, acting: Acting, id: string): Promise<void> {
  const { before, after } = await changeAccount(deps, acting.accountId, (account) =>
    removeMember(account, { actor: acting.actor, id }),
  );
  await deps.store.sessions.removeOf({ accountId: acting.accountId, memberId: id });
  await auditAccount(deps, acting, { action: 'remove-member', before: audited('member', memberOf(before, id)) });
  await auditRevoked(deps, acting, { before, after });
}

/**
 * A member leaves the account by themselves, in any role. Throws `account_holder`, `last_administrator`,
 * `not_signed_in`.
 */
export async function leave(deps: ApiDeps, acting: Acting): Promise<void> {
  const { before, after } = await changeAccount(deps, acting.accountId, (account) => leaveAccount(account, acting));
  await deps.store.sessions.removeOf({ accountId: acting.accountId, memberId: acting.actor });
  await auditAccount(deps, acting, {
    action: 'leave-account',
    before: audited('member', memberOf(before, acting.actor)),
  });
  await auditRevoked(deps, acting, { before, after });
}

/** Audits the invitations that were revoked with their sender. */
async function auditRevoked(
  deps: ApiDeps,
  acting: Acting,
  { before, after }: { before: AccountPeople; after: AccountPeople },
): Promise<void> {
  for (const gone of before.invitations.filter(({ _id }) => after.invitations.every((each) => each._id !== _id))) {
    await auditAccount(deps, acting, { action: 'revoke-invitation', before: audited('invitation', gone) });
  }
}
