import type { z } from 'zod';
import type { Me, Member } from '../../contracts/api/account.ts';
import type { Invitation } from '../../contracts/api/members.ts';
import type * as People from '../../domain/accounts/account-people.ts';
import { now } from '../../runtime/clock.ts';
import type { ApiDeps } from '../deps.ts';
import type { SignedIn } from '../guards/session.ts';

export function memberView({ _id, email, roles }: People.Member): z.infer<typeof Member> {
  return { id: _id, email, roles };
}

export function invitationView(invitation: People.Invitation): z.infer<typeof Invitation> {
  const { _id, email, roles, invitedBy, createdAt, expiresAt } = invitation;
  return {
    ...{ id: _id, email, roles, invitedBy },
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    expired: expiresAt.getTime() <= now(),
  };
}

/** The signed-in member with the session's account and every other account of the same address. */
export async function meView(deps: ApiDeps, session: SignedIn): Promise<Me> {
  const { account, member, csrfToken, expiresAt } = session;
  const accounts = await deps.store.accounts.ofMember(member.email);
  return {
    account: {
      id: account._id,
      email: account.email,
      members: account.members.map(memberView),
      createdAt: account.createdAt.toISOString(),
    },
    member: memberView(member),
    accounts: accounts.map(({ _id, email, members }) => ({
      ...{ id: _id, email },
      roles: members.find((each) => each.email === member.email)?.roles ?? [],
    })),
    csrfToken,
    sessionEndsAt: expiresAt.toISOString(),
  };
}
