import { z } from 'zod';
import { AccountChoiceRequest, Me, SignInCodeRequest, SignInRequest } from '../../contracts/api/account.ts';
import { LicenceToken } from '../../contracts/api/licence-token.ts';
import { noBody } from '../../routing/answer.ts';
import { route } from '../../routing/route.ts';
import { browserIn, markBrowser } from '../guards/browser.ts';
import { open } from '../guards/guard.ts';
import { requireAccount } from '../guards/require-account.ts';
import { closeSession, openSession } from '../guards/session.ts';
import { enterAccount, redeemCode, requestCode } from '../sign-in.ts';
import { meView } from '../views/account-view.ts';

const tag = 'Account';

export const accountRoutes = [
  route({
    method: 'post',
    path: '/v1/sign-in/codes',
    tag,
    summary: 'Send a one-time code by e-mail',
    description:
      'The answer is the same for every address. It sets a cookie by which the code belongs to the browser that asked ' +
      'for it; programs send it back with the code.',
    guard: open,
    body: SignInCodeRequest,
    answers: { 202: z.strictObject({ expiresInSeconds: z.number().int() }) },
    problems: [],
    handler: async ({ deps, body, response, ip }) => {
      await requestCode(deps, { email: body.email, browser: markBrowser(response, deps), client: ip });
      return { status: 202, body: { expiresInSeconds: Math.round(deps.config.FREEHOLD_SIGN_IN_CODE_MS / 1_000) } };
    },
  }),
  route({
    method: 'post',
    path: '/v1/sign-in',
    tag,
    summary: 'Sign in with the code',
    description:
      'Sets the session cookie. The code works only with the cookie that the request for it has set. A member of ' +
      'several accounts may name one; the default is their own, then the oldest. An address without an account gets one.',
    guard: open,
    body: SignInRequest,
    answers: { 200: Me },
    problems: ['sign_in_code_wrong', 'not_a_member', 'not_found'],
    handler: async ({ deps, body, request, response }) => {
      const member = await redeemCode(deps, { ...body, browser: browserIn(request, deps) });
      return { status: 200, body: await meView(deps, await openSession(response, deps, member)) };
    },
  }),
  route({
    method: 'post',
    path: '/v1/sign-out',
    tag,
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
    tag,
    summary: 'The signed-in member and the account',
    guard: requireAccount('viewer'),
    answers: { 200: Me },
    problems: [],
    handler: async ({ deps, caller }) => ({ status: 200, body: await meView(deps, caller) }),
  }),
  route({
    method: 'post',
    path: '/v1/me/account',
    tag,
    summary: 'Switch to another account of the same address',
    description: 'Replaces the session by a new one, with a new cookie and CSRF token.',
    guard: requireAccount('viewer'),
    body: AccountChoiceRequest,
    answers: { 200: Me },
    problems: ['not_found'],
    handler: async ({ deps, caller, body, response }) => {
      const member = await enterAccount(deps, { email: caller.member.email, accountId: body.accountId });
      await deps.store.sessions.remove(caller.sessionHash);
      return { status: 200, body: await meView(deps, await openSession(response, deps, member)) };
    },
  }),
  route({
    method: 'post',
    path: '/v1/me/licence-token',
    tag,
    summary: 'A short-lived token for the licence server',
    description:
      'Send it there as `Authorization: Bearer`. It contains account, member and roles and is valid for five minutes, ' +
      'also after a change of these.',
    guard: requireAccount('viewer'),
    answers: { 200: LicenceToken },
    problems: [],
    handler: async ({ deps, caller }) => {
      const { token, expiresAt } = await deps.licenceTokens.issue(caller);
      const licenceServer = deps.config.LICENCE_SERVER_URL;
      return { status: 200, body: { token, expiresAt: expiresAt.toISOString(), licenceServer } };
    },
  }),
];
