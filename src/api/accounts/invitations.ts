import type { Role } from '../../contracts/api/account.ts';
import { emailKey } from '../../contracts/email.ts';
import { ReasonError } from '../../contracts/reasons.ts';
import {
  acceptInvitation,
  type Invitation,
  type InvitationLimits,
  invitationOf,
  invite,
  openInvitation,
  renewInvitation,
  revokeInvitation,
} from '../../domain/accounts/account-people.ts';
import { renderInvitation } from '../../mail/invitation.ts';
import { now, nowDate } from '../../runtime/clock.ts';
import { newId, newSecret } from '../../runtime/new-id.ts';
import type { AccountRecord } from '../../store/accounts.ts';
import { unpaidMailsTo } from '../../store/allowances.ts';
import { textsOf } from '../../texts/texts.ts';
import type { ApiDeps } from '../deps.ts';
import { hashSecret, type SignedIn } from '../guards/session.ts';
import { type Acting, auditAccount, audited, changeAccount } from './change-account.ts';

/**
 * Invites an address and mails it the activation link; its secret is not stored. An invitation that cannot be mailed is
 * revoked. Throws `already_member`, `already_invited`, `too_many_members`, `too_many_requests`, `mail_refused`,
 * `invitation_not_mailed`, `not_signed_in`, `not_allowed`.
 */
export async function inviteMember(
  deps: ApiDeps,
  acting: Acting,
  { email, roles }: { email: string; roles: Role[] },
): Promise<Invitation> {
  const { token, ...secret } = newToken(deps);
  const { actor } = acting;
  const invitation: Invitation = {
    ...{ _id: newId.invitation(), email: emailKey(email), roles, invitedBy: actor, createdAt: nowDate() },
    ...secret,
  };
  const { after } = await changeAccount(deps, acting.accountId, (account) =>
    invite(account, { actor, invitation, limits: limitsOf(deps) }),
  );
  const made = invitationOf(after, invitation._id);
  await auditAccount(deps, acting, { action: 'invite-member', after: audited('invitation', made) });
  try {
    await allowMail(deps, made.email);
    await mailInvitation(deps, { account: after, invitation: made, token });
  } catch (error) {
    // Only the invitation made here; it may have been resent or revoked meanwhile.
    await changeAccount(deps, acting.accountId, ({ invitations }) => ({
      invitations: invitations.filter(({ tokenHash }) => tokenHash !== made.tokenHash),
    }));
    await auditAccount(deps, acting, { action: 'revoke-invitation', before: audited('invitation', made) });
    throw error;
  }
  return made;
}

/**
 * Mails an invitation again with a new link and a new expiry; earlier links become invalid. Throws `not_found`,
 * `too_many_requests`, `mail_refused`, `invitation_not_mailed`, `not_signed_in`, `not_allowed`.
 */
export async function resendInvitation(deps: ApiDeps, acting: Acting, id: string): Promise<Invitation> {
  const { token, ...renewal } = newToken(deps);
  const account = await deps.store.accounts.find(acting.accountId);
  if (account) await allowMail(deps, invitationOf(account, id).email);
  const { before, after } = await changeAccount(deps, acting.accountId, (account) =>
    renewInvitation(account, { actor: acting.actor, id, renewal, at: nowDate(), limits: limitsOf(deps) }),
  );
  const [was, is] = [invitationOf(before, id), invitationOf(after, id)];
  const times = (invitation: Invitation) => ({ ...audited('invitation', invitation), expiresAt: invitation.expiresAt });
  await auditAccount(deps, acting, { action: 'resend-invitation', before: times(was), after: times(is) });
  await mailInvitation(deps, { account: after, invitation: is, token });
  return is;
}

/** Revokes an invitation: its link becomes invalid. Throws `not_found`, `not_signed_in`, `not_allowed`. */
export async function withdrawInvitation(deps: ApiDeps, acting: Acting, id: string): Promise<void> {
  const { before } = await changeAccount(deps, acting.accountId, (account) =>
    revokeInvitation(account, { actor: acting.actor, id }),
  );
  await auditAccount(deps, acting, {
    action: 'revoke-invitation',
    before: audited('invitation', invitationOf(before, id)),
  });
}

/** The invitation behind a link, with its account, for anyone who has the link. Throws `invitation_invalid`. */
export async function readInvitation(
  deps: ApiDeps,
  token: string,
): Promise<{ account: AccountRecord; invitation: Invitation }> {
  const tokenHash = hashSecret(token);
  const account = await deps.store.accounts.findByInvitation(tokenHash);
  if (!account) throw new ReasonError('invitation_invalid');
  return { account, invitation: openInvitation(account, { tokenHash, at: nowDate() }) };
}

/**
 * Uses an activation link: its holder has access to the mailbox, so they become the member. Of concurrent uses, one
 * wins. Throws `invitation_invalid`.
 */
export async function joinAccount(
  deps: ApiDeps,
  { token, requestId }: { token: string; requestId: string },
): Promise<Pick<SignedIn, 'account' | 'member'>> {
  const { account } = await readInvitation(deps, token);
  const facts = { tokenHash: hashSecret(token), memberId: newId.member() };
  const changed = await deps.store.accounts.change(account._id, (latest) =>
    acceptInvitation(latest, { ...facts, at: nowDate() }),
  );
  const member = changed?.after.members.find(({ _id }) => _id === facts.memberId);
  if (!changed || !member) throw new ReasonError('invitation_invalid');
  await auditAccount(
    deps,
    { accountId: account._id, actor: member._id, requestId },
    {
      action: 'accept-invitation',
      before: audited('invitation', openInvitation(changed.before, { ...facts, at: new Date(0) })),
      after: audited('member', member),
    },
  );
  return { account: changed.after, member };
}

function newToken({ config }: ApiDeps): { token: string; tokenHash: string; expiresAt: Date } {
  const token = newSecret();
  return { token, tokenHash: hashSecret(token), expiresAt: new Date(now() + config.FREEHOLD_INVITATION_MS) };
}

function limitsOf({ config }: ApiDeps): InvitationLimits {
  return { people: config.FREEHOLD_MEMBERS_PER_ACCOUNT, mailsPerHour: config.FREEHOLD_INVITATIONS_PER_HOUR };
}

/** Uses up one of the mails that this address may get without having asked for it. Throws `too_many_requests`. */
async function allowMail({ store, config }: ApiDeps, email: string): Promise<void> {
  const outcome = await store.allowances.take(unpaidMailsTo(email, config.FREEHOLD_UNPAID_MAILS_PER_HOUR));
  if (outcome.allowed) return;
  const { retryAfterMs } = outcome;
  throw new ReasonError('too_many_requests', 'too many mails to this address within the hour', { retryAfterMs });
}

async function mailInvitation(
  deps: ApiDeps,
  { account, invitation, token }: { account: AccountRecord; invitation: Invitation; token: string },
): Promise<void> {
  const { FREEHOLD_PUBLIC_URL: publicUrl, FREEHOLD_INVITATION_MS: validMs } = deps.config;
  const inviter = account.members.find(({ _id }) => _id === invitation.invitedBy);
  const mail = renderInvitation({
    account: account.email,
    inviter: inviter?.email ?? account.email,
    rights: invitation.roles.map((role) => textsOf('en').roles[role]),
    url: `${publicUrl.replace(/\/$/, '')}/invitation?key=${token}`,
    validMs,
  });
  const messageId = `<invitation-${newId.request()}@${new URL(publicUrl).hostname}>`;
  try {
    await deps.mail.send({ messageId, to: invitation.email, ...mail });
  } catch (error) {
    if (error instanceof ReasonError && error.code === 'mail_refused') throw error;
    deps.log.error({ err: error }, 'an invitation could not be mailed');
    throw new ReasonError('invitation_not_mailed', undefined, { cause: error });
  }
}
