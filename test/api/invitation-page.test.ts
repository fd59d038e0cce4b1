import { describe, expect, test } from '@jest/globals';
import { newSecret } from '../../src/runtime/new-id.ts';
import { useApi } from '../support/api.ts';
import { accept, found, invite, linkTokenFor } from '../support/members.ts';

const api = useApi();

const open = (query: string, headers: Record<string, string> = {}) =>
  api.call('GET', `/invitation${query}`, { headers });
const press = (key: string, headers: Record<string, string> = {}) =>
  api.call('POST', '/invitation', {
    raw: new URLSearchParams({ key }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  });

describe('the page of an invitation', () => {
  test('says who invites whom to what, is looked at as often as one likes, and makes a member by its button', async () => {
    const { browser, email, accountId } = await found(api);
    await invite(api, browser, 'page@example.com', ['admin', 'viewer']);
    const token = linkTokenFor(api, 'page@example.com');
    for (let time = 0; time < 2; time += 1) {
      const page = await open(`?key=${token}`);
      expect(page.status).toBe(200);
      for (const words of [email, 'page@example.com', 'manage members, nodes and licence keys', `value="${token}"`]) {
        expect(page.body).toContain(words);
      }
      expect([page.headers.get('cache-control'), page.headers.get('referrer-policy')]).toEqual([
        'no-store',
        'no-referrer',
      ]);
    }
    expect((await api.store.accounts.find(accountId))?.members).toHaveLength(1);

    const pressed = await press(token, { 'sec-fetch-site': 'same-origin' });
    expect([pressed.status, pressed.headers.get('location')]).toEqual([303, '/invitation']);
    const cookie = pressed.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^freehold_session=.*HttpOnly/);
    const welcome = await open('', { cookie: cookie.split(';')[0] ?? '' });
    expect(welcome.body).toContain('You are signed in to the account');
    expect(welcome.body).toContain(email);
    expect((await open(`?key=${token}`)).status).toBe(404);
    expect((await press(token)).status).toBe(404);
  });

  test('is pressed by no other site', async () => {
    const { browser } = await found(api);
    await invite(api, browser, 'forced@example.com');
    const token = linkTokenFor(api, 'forced@example.com');
    for (const site of ['cross-site', 'same-site', 'none']) {
      const answer = await press(token, { 'sec-fetch-site': site });
      expect([answer.status, answer.headers.get('set-cookie')]).toEqual([403, null]);
    }
    expect((await accept(api, token)).status).toBe(200);
  });

  test('says in words why there is nothing to see, and shows nothing of what was typed', async () => {
    const answers = [await open(`?key=${newSecret()}`), await open('?key=%3Cscript%3E'), await open('?key=1&key=2')];
    for (const { status, body } of answers) {
      expect(status).toBe(404);
      expect(body).toContain('This invitation is not valid any more.');
      expect(body).not.toContain('<script');
    }
    const { status, body } = await open('');
    expect(status).toBe(401);
    expect(body).toContain('This page opens by the link of the invitation');
  });

  test('escapes what an inviter is called', async () => {
    const { browser, accountId } = await found(api);
    await invite(api, browser, 'escaped@example.com');
    await api.store.accounts.change(accountId, ({ members }) => ({
      members: members.map((member) => ({ ...member, email: '"<b>x</b>"@example.com' })),
    }));
    const { body } = await open(`?key=${linkTokenFor(api, 'escaped@example.com')}`);
    expect(body).toContain('&lt;b&gt;x&lt;/b&gt;');
    expect(body).not.toContain('<b>x</b>');
  });
});
