import { z } from 'zod';
import { Me, Member } from '../../contracts/api/account.ts';
import { ListLimit, listOf } from '../../contracts/api/common.ts';
import {
  AcceptInvitationRequest,
  AccountClosing,
  CloseAccountRequest,
  ClosedAccount,
  Invitation,
  InvitationRequest,
  RolesRequest,
} from '../../contracts/api/members.ts';
import { AuditEntry } from '../../contracts/api/operator.ts';
import { InvitationId, MemberId } from '../../contracts/ids.ts';
import { noBody } from '../../routing/answer.ts';
import { route } from '../../routing/route.ts';
import type { Acting } from '../accounts/change-account.ts';
import { closeAccount, readClosing } from '../accounts/close-account.ts';
import { inviteMember, joinAccount, resendInvitation, withdrawInvitation } from '../accounts/invitations.ts';
import { dismissMember, giveRoles, leave } from '../accounts/members.ts';
import { open } from '../guards/guard.ts';
import { requireAccount } from '../guards/require-account.ts';
import { closeSession, openSession, type SignedIn } from '../guards/session.ts';
import { invitationView, memberView, meView } from '../views/account-view.ts';
import { auditView } from '../views/audit-view.ts';

const tag = 'Members';
const ofMember = z.object({ id: MemberId });
const ofInvitation = z.object({ id: InvitationId });

/** The member who acts on their account by this request. */
function acting(caller: SignedIn, requestId: string): Acting {
  return { accountId: caller.account._id, actor: caller.member._id, requestId };
}

export const memberRoutes = [
  route({
    method: 'get',
    path: '/v1/account/members',
    tag,
    summary: 'Members of the account',
    guard: requireAccount('viewer'),
    answers: { 200: listOf(Member) },
    problems: [],
    handler: async ({ caller }) => ({ status: 200, body: { items: caller.account.members.map(memberView) } }),
  }),
  route({
    method: 'post',
    path: '/v1/account/members/{id}/roles',
    tag,
    summary: 'Give a member other roles',
    description:
      'They take effect with the next request of the member. An account always has at least one administrator.',
    guard: requireAccount('admin'),
    params: ofMember,
    body: RolesRequest,
    answers: { 200: Member },
    problems: ['last_administrator'],
    handler: async ({ deps, caller, params: { id }, body, requestId }) => {
      const member = await giveRoles(deps, acting(caller, requestId), { id, roles: body.roles });
      return { status: 200, body: memberView(member) };
    },
  }),
  route({
    method: 'post',
    path: '/v1/account/members/{id}/remove',
    tag,
    summary: 'Remove a member from the account',
    description:
      'Ends their sessions of this account and revokes the invitations that they sent. The last administrator, and the ' +
      "member with the account's address, cannot be removed.",
    guard: requireAccount('admin'),
    params: ofMember,
    answers: { 204: noBody },
    problems: ['account_holder', 'last_administrator'],
    handler: async ({ deps, caller, params: { id }, requestId }) => {
      await dismissMember(deps, acting(caller, requestId), id);
      return { status: 204, body: undefined };
    },
  }),
  route({
    method: 'post',
    path: '/v1/account/leave',
    tag,
    summary: 'Leave the account',
    description:
      'The last administrator cannot leave; they can appoint another one or close the account. The member with the ' +
      "account's address cannot leave either.",
    guard: requireAccount('viewer'),
    answers: { 204: noBody },
    problems: ['account_holder', 'last_administrator'],
    handler: async ({ deps, caller, requestId, response }) => {
      await leave(deps, acting(caller, requestId));
      await closeSession(response, deps, caller);
      return { status: 204, body: undefined };
    },
  }),
  route({
    method: 'get',
    path: '/v1/account/invitations',
    tag,
    summary: 'Open invitations',
    guard: requireAccount('admin'),
    answers: { 200: listOf(Invitation) },
    problems: [],
    handler: async ({ caller }) => ({
      status: 200,
      body: { items: caller.account.invitations.map(invitationView).reverse() },
    }),
  }),
  route({
    method: 'post',
    path: '/v1/account/invitations',
    tag,
    summary: 'Invite a member by e-mail',
    description: 'The mail contains an activation link that works once and expires after some days.',
    guard: requireAccount('admin'),
    body: InvitationRequest,
    answers: { 201: Invitation },
    problems: ['already_member', 'already_invited', 'too_many_members', 'mail_refused', 'invitation_not_mailed'],
    handler: async ({ deps, caller, body, requestId }) => {
      const invitation = await inviteMember(deps, acting(caller, requestId), body);
      return { status: 201, body: invitationView(invitation) };
    },
  }),
  route({
    method: 'post',
    path: '/v1/account/invitations/{id}/resend',
    tag,
    summary: 'Mail an invitation again',
    description: 'With a new link; earlier links become invalid.',
    guard: requireAccount('admin'),
    params: ofInvitation,
    answers: { 200: Invitation },
    problems: ['mail_refused', 'invitation_not_mailed'],
    handler: async ({ deps, caller, params: { id }, requestId }) => {
      const invitation = await resendInvitation(deps, acting(caller, requestId), id);
      return { status: 200, body: invitationView(invitation) };
    },
  }),
  route({
    method: 'post',
    path: '/v1/account/invitations/{id}/revoke',
    tag,
    summary: 'Withdraw an invitation',
    guard: requireAccount('admin'),
    params: ofInvitation,
    answers: { 204: noBody },
    problems: [],
    handler: async ({ deps, caller, params: { id }, requestId }) => {
      await withdrawInvitation(deps, acting(caller, requestId), id);
      return { status: 204, body: undefined };
    },
  }),
  route({
    method: 'post',
    path: '/v1/invitations/accept',
    tag,
    summary: 'Become a member by the activation link',
    description: 'The link works once; the new member is signed in.',
    guard: open,
    body: AcceptInvitationRequest,
    answers: { 200: Me },
    problems: ['invitation_invalid'],
    handler: async ({ deps, body, requestId, response }) => {
      const member = await joinAccount(deps, { token: body.token, requestId });
      return { status: 200, body: await meView(deps, await openSession(response, deps, member)) };
    },
  }),
  route({
    method: 'get',
    path: '/v1/account/audit',
    tag,
    summary: 'Changes to the account and who made them, newest first',
    guard: requireAccount('admin'),
    query: z.object({ limit: ListLimit }),
    answers: { 200: listOf(AuditEntry) },
    problems: [],
    handler: async ({ deps, caller, query: { limit } }) => {
      const entries = await deps.store.audit.newest(caller.account._id, limit);
      return { status: 200, body: { items: entries.map(auditView) } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/account/closing',
    tag,
    summary: 'What closing the account would delete and keep',
    guard: requireAccount('admin'),
    answers: { 200: AccountClosing },
    problems: [],
    handler: async ({ deps, caller }) => ({ status: 200, body: await readClosing(deps, caller.account) }),
  }),
  route({
    method: 'post',
    path: '/v1/account/close',
    tag,
    summary: 'Close the account for good',
    description:
      'Refused while it has servers or open orders. Members, invitations and sessions end; orders and invoices are kept.',
    guard: requireAccount('admin'),
    body: CloseAccountRequest,
    answers: { 200: ClosedAccount },
    problems: ['account_in_use'],
    handler: async ({ deps, caller, body, requestId, response }) => {
      const closed = await closeAccount(deps, acting(caller, requestId), body);
      await closeSession(response, deps, caller);
      return { status: 200, body: closed };
    },
  }),
];
