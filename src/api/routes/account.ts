import { z } from 'zod';
import { Me, SignInCodeRequest, SignInRequest } from '../../contracts/api/account.ts';
import type { ApiDeps } from '../deps.ts';
import { open } from '../guards/guard.ts';
import { requireAccount } from '../guards/require-account.ts';
import { closeSession, openSession, type SignedIn } from '../guards/session.ts';
import { noBody } from '../routing/answer.ts';
import { route } from '../routing/route.ts';
import { redeemCode, requestCode } from '../sign-in.ts';

export const accountRoutes = [
  route({
    method: 'post',
    path: '/v1/sign-in/codes',
    tag: 'Account',
    summary: 'Send a one-time code by e-mail',
    description: 'Answers the same for every address.',
    guard: open,
    body: SignInCodeRequest,
    answers: { 202: z.strictObject({ expiresInSeconds: z.number().int() }) },
    problems: [],
    handler: async ({ deps, body }) => {
      await requestCode(deps, body.email);
      return { status: 202, body: { expiresInSeconds: Math.round(deps.config.FREEHOLD_SIGN_IN_CODE_MS / 1_000) } };
    },
  }),
  route({
    method: 'post',
    path: '/v1/sign-in',
    tag: 'Account',
    summary: 'Sign in with the code',
    description: 'Sets the session cookie. An address without an account gets one.',
    guard: open,
    body: SignInRequest,
    answers: { 200: Me },
    problems: ['sign_in_code_wrong'],
    handler: async ({ deps, body, response }) => {
      const member = await redeemCode(deps, body);
      return { status: 200, body: meView(await openSession(response, deps, member)) };
    },
  }),
  route({
    method: 'post',
    path: '/v1/sign-out',
    tag: 'Account',
    summary: 'End the session',
    guard: requireAccount('viewer'),
    answers: { 204: noBody },
    problems: [],
    handler: async ({ deps, caller, response }) => {
      await closeSession(response, deps, caller);
      return { status: 204, body: undefined };
    },
  }),
  route({
    method: 'get',
    path: '/v1/me',
    tag: 'Account',
    summary: 'The signed-in member and the account',
    guard: requireAccount('viewer'),
    answers: { 200: Me },
    problems: [],
    handler: async ({ caller }) => ({ status: 200, body: meView(caller) }),
  }),
];

function meView(session: SignedIn): z.input<typeof Me> {
  const { account, member, csrfToken, expiresAt } = session;
  const memberView = (each: ApiMember) => ({ id: each._id, email: each.email, roles: [...each.roles] });
  return {
    account: {
      id: account._id,
      email: account.email,
      members: account.members.map(memberView),
      createdAt: account.createdAt.toISOString(),
    },
    member: memberView(member),
    csrfToken,
    sessionEndsAt: expiresAt.toISOString(),
  };
}

type ApiMember = Awaited<ReturnType<ApiDeps['store']['accounts']['openFor']>>['members'][number];
