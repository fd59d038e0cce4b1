import { Role } from '../../contracts/api/account.ts';
import { ReasonError } from '../../contracts/reasons.ts';

/**
 * The people of an account: its members, and who is invited to become one. Each function takes them as they are and
 * returns what changes, or throws why it may not; whoever stores the change does so only if nobody was faster.
 */

export interface Member {
  _id: string;
  /** In lower case, so that addresses compare. */
  email: string;
  roles: Role[];
}

/** An invitation that was mailed; it is over with its acceptance, its revocation, or its time. */
export interface Invitation {
  _id: string;
  email: string;
  roles: Role[];
  /** Hash of the secret in the newest link; older links open nothing. */
  tokenHash: string;
  /** Member who sent it last. */
  invitedBy: string;
  createdAt: Date;
  expiresAt: Date;
}

export interface AccountPeople {
  /** Address that the account belongs to, in lower case; its member stays for as long as the account is there. */
  email: string;
  members: Member[];
  invitations: Invitation[];
  /** When the newest invitations were mailed, as many as an hour may have. */
  invitationMails: Date[];
}

export interface InvitationLimits {
  /** Members and invitations of one account together. */
  people: number;
  /** Mails of one account within an hour. */
  mailsPerHour: number;
}

const hourMs = 3_600_000;

/** Roles without repetition, in the order in which they are shown. */
export function orderedRoles(roles: readonly Role[]): Role[] {
  return Role.options.filter((role) => roles.includes(role));
}

const isAdministrator = ({ roles }: Member) => roles.includes('admin');

/** The member of this id. Throws `not_found`. */
export function memberOf({ members }: Pick<AccountPeople, 'members'>, id: string): Member {
  const member = members.find(({ _id }) => _id === id);
  if (!member) throw new ReasonError('not_found', 'no such member');
  return member;
}

/** The invitation of this id. Throws `not_found`. */
export function invitationOf({ invitations }: Pick<AccountPeople, 'invitations'>, id: string): Invitation {
  const invitation = invitations.find(({ _id }) => _id === id);
  if (!invitation) throw new ReasonError('not_found', 'no such invitation');
  return invitation;
}

/**
 * Makes sure that who acts is an administrator at the moment of the change, not only when the request came in: of two
 * administrators who remove each other one is refused. Throws `not_signed_in`, `not_allowed`.
 */
export function requireAdministrator({ members }: Pick<AccountPeople, 'members'>, actor: string): void {
  const member = members.find(({ _id }) => _id === actor);
  if (!member) throw new ReasonError('not_signed_in', 'you are no member of this account any more');
  if (!isAdministrator(member)) throw new ReasonError('not_allowed', 'this needs the role admin');
}

/** Throws `already_member`, `already_invited`, `too_many_members`, `too_many_requests`. */
export function invite(
  people: AccountPeople,
  facts: { actor: string; invitation: Invitation; limits: InvitationLimits },
): Pick<AccountPeople, 'invitations' | 'invitationMails'> {
  const { actor, invitation, limits } = facts;
  requireAdministrator(people, actor);
  if (people.members.some(({ email }) => email === invitation.email)) throw new ReasonError('already_member');
  if (people.invitations.some(({ email }) => email === invitation.email)) throw new ReasonError('already_invited');
  if (people.members.length + people.invitations.length >= limits.people) {
    throw new ReasonError('too_many_members', `the limit is ${limits.people}`);
  }
  return {
    invitations: [...people.invitations, { ...invitation, roles: orderedRoles(invitation.roles) }],
    invitationMails: countMail(people, { at: invitation.createdAt, limits }),
  };
}

/** Gives an invitation another secret and more time; the links of before are dead. Throws `not_found`, `too_many_requests`. */
export function renewInvitation(
  people: AccountPeople,
  facts: {
    actor: string;
    id: string;
    renewal: Pick<Invitation, 'tokenHash' | 'expiresAt'>;
    at: Date;
    limits: InvitationLimits;
  },
): Pick<AccountPeople, 'invitations' | 'invitationMails'> {
  const { actor, id, renewal, at, limits } = facts;
  requireAdministrator(people, actor);
  const renewed = { ...invitationOf(people, id), ...renewal, invitedBy: actor };
  return {
    invitations: people.invitations.map((each) => (each._id === id ? renewed : each)),
    invitationMails: countMail(people, { at, limits }),
  };
}

/** Throws `not_found`. */
export function revokeInvitation(
  people: AccountPeople,
  { actor, id }: { actor: string; id: string },
): Pick<AccountPeople, 'invitations'> {
  requireAdministrator(people, actor);
  const revoked = invitationOf(people, id);
  return { invitations: people.invitations.filter((each) => each !== revoked) };
}

/** The invitation that a link opens. Throws `invitation_invalid`. */
export function openInvitation(people: AccountPeople, { tokenHash, at }: { tokenHash: string; at: Date }): Invitation {
  const invitation = people.invitations.find((each) => each.tokenHash === tokenHash);
  if (!invitation || invitation.expiresAt <= at) throw new ReasonError('invitation_invalid');
  return invitation;
}

/** Makes a member of whoever has the link; the invitation is used up. Throws `invitation_invalid`. */
export function acceptInvitation(
  people: AccountPeople,
  facts: { tokenHash: string; memberId: string; at: Date },
): Pick<AccountPeople, 'members' | 'invitations'> {
  const accepted = openInvitation(people, facts);
  const { email, roles } = accepted;
  return {
    members: [...people.members.filter((each) => each.email !== email), { _id: facts.memberId, email, roles }],
    invitations: people.invitations.filter((each) => each !== accepted),
  };
}

/** Who is no administrator any more takes his invitations with him. Throws `not_found`, `last_administrator`. */
export function changeRoles(
  people: AccountPeople,
  { actor, id, roles }: { actor: string; id: string; roles: readonly Role[] },
): Pick<AccountPeople, 'members' | 'invitations'> {
  requireAdministrator(people, actor);
  const changed = { ...memberOf(people, id), roles: orderedRoles(roles) };
  return {
    members: keepAdministrator(people.members.map((each) => (each._id === id ? changed : each))),
    invitations: isAdministrator(changed) ? people.invitations : invitationsWithout(people, id),
  };
}

/** Throws `not_found`, `account_holder`, `last_administrator`. */
export function removeMember(
  people: AccountPeople,
  { actor, id }: { actor: string; id: string },
): Pick<AccountPeople, 'members' | 'invitations'> {
  requireAdministrator(people, actor);
  return withoutMember(people, id);
}

/** What a member does of himself, in any role. Throws `not_signed_in`, `account_holder`, `last_administrator`. */
export function leaveAccount(
  people: AccountPeople,
  { actor }: { actor: string },
): Pick<AccountPeople, 'members' | 'invitations'> {
  if (!people.members.some(({ _id }) => _id === actor)) throw new ReasonError('not_signed_in');
  return withoutMember(people, actor);
}

function withoutMember(people: AccountPeople, id: string): Pick<AccountPeople, 'members' | 'invitations'> {
  const gone = memberOf(people, id);
  // His next guest order comes into this account: without him it would be one of strangers, closed to himself.
  if (gone.email === people.email) throw new ReasonError('account_holder', `the account is the one of ${people.email}`);
  return {
    members: keepAdministrator(people.members.filter((each) => each !== gone)),
    invitations: invitationsWithout(people, id),
  };
}

/** An invitation is worth what its sender's word is: without it, one to an address of his own would bring him back. */
function invitationsWithout({ invitations }: AccountPeople, sender: string): Invitation[] {
  return invitations.filter(({ invitedBy }) => invitedBy !== sender);
}

function keepAdministrator(members: Member[]): Member[] {
  if (!members.some(isAdministrator)) throw new ReasonError('last_administrator');
  return members;
}

function countMail({ invitationMails }: AccountPeople, { at, limits }: { at: Date; limits: InvitationLimits }): Date[] {
  const within = invitationMails.filter((mailed) => mailed.getTime() > at.getTime() - hourMs);
  if (within.length >= limits.mailsPerHour) {
    const oldest = within[0] ?? at;
    throw new ReasonError('too_many_requests', 'too many invitations were mailed within the hour', {
      retryAfterMs: Math.max(1_000, oldest.getTime() + hourMs - at.getTime()),
    });
  }
  return [...within, at];
}
