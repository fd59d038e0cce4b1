import { Role } from '../../contracts/api/account.ts';
import { ReasonError } from '../../contracts/reasons.ts';

/**
 * The members of an account and its open invitations. Each function takes the current state and returns the change, or
 * throws the reason code that forbids it; the caller stores the change by a compare-and-set.
 */

export interface Member {
  _id: string;
  /** In lower case, so that addresses compare. */
  email: string;
  roles: Role[];
}

/** An invitation that was mailed. It ends when it is accepted, revoked or expired. */
export interface Invitation {
  _id: string;
  email: string;
  roles: Role[];
  /** Hash of the secret in the newest link; older links are invalid. */
  tokenHash: string;
  /** Member who sent it last. */
  invitedBy: string;
  createdAt: Date;
  expiresAt: Date;
}

export interface AccountPeople {
  /** Address that the account belongs to, in lower case; the member with this address cannot leave or be removed. */
  email: string;
  members: Member[];
  invitations: Invitation[];
  /** When the newest invitations were mailed; at most as many as the hourly limit. */
  invitationMails: Date[];
}

export interface InvitationLimits {
  /** Members and invitations of one account together. */
  people: number;
  /** Mails of one account within an hour. */
  mailsPerHour: number;
}

const hourMs = 3_600_000;

/** Roles without duplicates, in display order. */
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
 * Checks that the acting member is an administrator at the moment of the change, not only when the request arrived: of
 * two administrators who remove each other, one is refused. Throws `not_signed_in`, `not_allowed`.
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

/**
 * Gives an invitation a new secret and a new expiry; earlier links become invalid. Throws `not_found`,
 * `too_many_requests`.
 */
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

/** Makes the holder of the link a member and uses the invitation up. Throws `invitation_invalid`. */
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

/**
 * A member who loses the administrator role loses their open invitations too. Throws `not_found`, `last_administrator`.
 */
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

/**
 * A member leaves the account by themselves, in any role. Throws `not_signed_in`, `account_holder`,
 * `last_administrator`.
 */
export function leaveAccount(
  people: AccountPeople,
  { actor }: { actor: string },
): Pick<AccountPeople, 'members' | 'invitations'> {
  if (!people.members.some(({ _id }) => _id === actor)) throw new ReasonError('not_signed_in');
  return withoutMember(people, actor);
}

function withoutMember(people: AccountPeople, id: string): Pick<AccountPeople, 'members' | 'invitations'> {
  const gone = memberOf(people, id);
  // Their next guest order goes to this account; without them it would belong to strangers and be closed to them.
  if (gone.email === people.email) throw new ReasonError('account_holder', `the account is the one of ${people.email}`);
  return {
    members: keepAdministrator(people.members.filter((each) => each !== gone)),
    invitations: invitationsWithout(people, id),
  };
}

/** Without this, a former administrator could return by an invitation to another address of their own. */
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
