import type { Role } from '../../src/contracts/api/account.ts';
import { type Answer, signIn, type TestApi } from './api.ts';

/** A member in a signed-in browser. */
export interface Browser {
  cookie: string;
  'x-csrf-token': string;
}

/** The secret in the newest activation link mailed to an address. */
export function linkTokenFor(api: TestApi, email: string): string {
  const mail = api.mails.findLast(({ to, text }) => to === email && text.includes('/invitation?key='));
  const token = mail && /\/invitation\?key=([\w-]+)/.exec(mail.text)?.[1];
  if (!token) throw new Error(`no invitation was mailed to ${email}`);
  return token;
}

export function invite(api: TestApi, by: Browser, email: string, roles: Role[] = ['viewer']): Promise<Answer> {
  return api.call('POST', '/v1/account/invitations', { headers: { ...by }, body: { email, roles } });
}

export function accept(api: TestApi, token: string): Promise<Answer> {
  return api.call('POST', '/v1/invitations/accept', { body: { token } });
}

export function browserOf(answer: Answer): Browser {
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  return { cookie, 'x-csrf-token': answer.body.csrfToken };
}

/** Invites an address and accepts the invitation: a signed-in member with their id. */
export async function join(
  api: TestApi,
  by: Browser,
  email: string,
  roles: Role[] = ['viewer'],
): Promise<{ id: string; browser: Browser }> {
  const invited = await invite(api, by, email, roles);
  if (invited.status !== 201) throw new Error(`not invited: ${JSON.stringify(invited.body)}`);
  const accepted = await accept(api, linkTokenFor(api, email));
  if (accepted.status !== 200) throw new Error(`not accepted: ${JSON.stringify(accepted.body)}`);
  return { id: accepted.body.member.id, browser: browserOf(accepted) };
}

let accounts = 0;

/** A separate account for one test: its founder in a browser, who is payer and administrator. */
export async function found(
  api: TestApi,
): Promise<{ browser: Browser; email: string; accountId: string; memberId: string }> {
  accounts += 1;
  const email = `founder${accounts}-${process.pid}@example.com`;
  const browser = await signIn(api, email);
  const { body } = await api.call('GET', '/v1/me', { headers: { ...browser } });
  return { browser, email, accountId: body.account.id, memberId: body.member.id };
}
