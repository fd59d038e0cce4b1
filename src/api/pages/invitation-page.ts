import express, { type Express, type Request } from 'express';
import { SecretText } from '../../contracts/api/common.ts';
import { type ReasonCode, ReasonError } from '../../contracts/reasons.ts';
import { html } from '../../routing/html.ts';
import { requestIdOf } from '../../routing/request-id.ts';
import { textsOf } from '../../texts/texts.ts';
import { joinAccount, readInvitation } from '../accounts/invitations.ts';
import type { ApiDeps } from '../deps.ts';
import { findSession, openSession } from '../guards/session.ts';
import { answerPage, plainPageHtml, type Refusal } from './plain-page.ts';

const {
  pages: { invitation: texts },
  roles: roleTexts,
} = textsOf('en');

/**
 * The page behind the activation link of an invitation. Opening it does not use the invitation, because mail scanners
 * follow links; only the button does. The page then redirects to the address without the secret.
 */
export function mountInvitationPage(app: Express, deps: ApiDeps): void {
  const refusals = { deps, refusalOf };

  app.get('/invitation', async (request, response) => {
    await answerPage(response, refusals, async () => {
      const { key } = request.query;
      const page = key === undefined ? await welcome(request, deps) : await offer(deps, keyIn(key));
      response.set('Cache-Control', 'no-store').type('html').send(page.html);
    });
  });

  app.post('/invitation', express.urlencoded({ extended: false, limit: '4kb' }), async (request, response) => {
    await answerPage(response, refusals, async () => {
      requireOwnPage(request);
      const token = keyIn((request.body as { key?: unknown } | undefined)?.key);
      const member = await joinAccount(deps, { token, requestId: requestIdOf(response) });
      await openSession(response, deps, member);
      response.set('Cache-Control', 'no-store').redirect(303, '/invitation');
    });
  });
}

function keyIn(value: unknown): string {
  const parsed = SecretText.safeParse(value);
  if (!parsed.success) throw new ReasonError('invitation_invalid');
  return parsed.data;
}

/** Prevents other sites from signing a visitor in to an account of their choice. Throws `csrf_mismatch`. */
function requireOwnPage(request: Request): void {
  const site = request.get('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin') throw new ReasonError('csrf_mismatch');
}

async function offer(deps: ApiDeps, token: string) {
  const { account, invitation } = await readInvitation(deps, token);
  const inviter = account.members.find(({ _id }) => _id === invitation.invitedBy);
  return plainPageHtml({
    title: texts.title,
    tone: '',
    body: html`<p class="lead">${texts.lead({
      inviter: inviter?.email ?? texts.formerMember,
      member: html`<strong>${invitation.email}</strong>`,
      account: html`<strong>${account.email}</strong>`,
    })}</p>
<ul>${invitation.roles.map((role) => html`<li>${roleTexts[role]}</li>`)}</ul>
<form method="post" action="/invitation">
<input type="hidden" name="key" value="${token}">
<button type="submit">${texts.accept}</button>
</form>`,
  });
}

async function welcome(request: Request, deps: ApiDeps) {
  const session = await findSession(request, deps);
  if (!session) throw new ReasonError('not_signed_in');
  const { account, member } = session;
  return plainPageHtml({
    title: texts.joined.title,
    tone: 'good',
    body: html`<p class="lead">${texts.joined.lead({
      account: html`<strong>${account.email}</strong>`,
      member: html`<strong>${member.email}</strong>`,
    })}</p>
<p>${texts.joined.next}</p>`,
  });
}

function refusalOf(code: ReasonCode): Partial<Refusal> {
  switch (code) {
    case 'not_signed_in':
      return texts.withoutLink;
    default:
      return {};
  }
}
