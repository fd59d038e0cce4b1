import { describe, expect, test } from '@jest/globals';
import { ReasonError } from '../../src/contracts/reasons.ts';
import { codeFor, codeOf, order, signIn, startApi, useApi } from '../support/api.ts';

const api = useApi();

const ask = (email: string) => api.call('POST', '/v1/sign-in/codes', { body: { email } });
const enter = (email: string, code: string) => api.call('POST', '/v1/sign-in', { body: { email, code } });

describe('signing in', () => {
  test('by the code in the mail opens the account that an order made', async () => {
    const { record } = await order(api, { billingEmail: 'Grace@example.com' });
    const member = await signIn(api, 'grace@EXAMPLE.com');
    const { body } = await api.call('GET', '/v1/me', { headers: member });
    expect(body.account).toMatchObject({ id: record.accountId, email: 'grace@example.com' });
    expect(body.member.roles).toEqual(['payer', 'admin']);
    expect(body.csrfToken).toBe(member['x-csrf-token']);
  });

  test('gives a cookie that scripts cannot read and other sites do not send', async () => {
    await ask('cookie@example.com');
    const answer = await enter('cookie@example.com', codeFor(api, 'cookie@example.com'));
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Lax/);
    expect(cookie).toMatch(/Path=\//);
    const secret = cookie.split(';')[0]?.split('=')[1] ?? '';
    expect(await api.store.sessions.find(secret)).toBeNull();
  });

  test('gives a Secure cookie where the public address is TLS', async () => {
    const tls = await startApi(api.databaseUri, { config: { FREEHOLD_PUBLIC_URL: 'https://shop.example.com' } });
    try {
      await tls.call('POST', '/v1/sign-in/codes', { body: { email: 'tls@example.com' } });
      const answer = await tls.call('POST', '/v1/sign-in', {
        body: { email: 'tls@example.com', code: codeFor(tls, 'tls@example.com') },
      });
      expect(answer.headers.get('set-cookie')).toMatch(/Secure/);
      expect(answer.headers.get('strict-transport-security')).toMatch(/max-age/);
    } finally {
      await tls.close();
    }
  });

  test('says the same for addresses with and without an account', async () => {
    await order(api, { billingEmail: 'known@example.com' });
    const [known, unknown] = [await ask('known@example.com'), await ask('unknown@example.com')];
    expect([known.status, known.body]).toEqual([unknown.status, unknown.body]);
    expect(codeFor(api, 'unknown@example.com')).toMatch(/^\d{6}$/);
  });

  test('takes a code once, for its address, the newest only', async () => {
    const email = 'once@example.com';
    await ask(email);
    const older = codeFor(api, email);
    await ask(email);
    const newer = codeFor(api, email);
    if (older !== newer) expect(codeOf(await enter(email, older))).toBe('sign_in_code_wrong');
    expect(codeOf(await enter('other@example.com', newer))).toBe('sign_in_code_wrong');
    expect((await enter(email, newer)).status).toBe(200);
    expect(codeOf(await enter(email, newer))).toBe('sign_in_code_wrong');
  });

  test('by one code at once from many sides succeeds once', async () => {
    const email = 'race@example.com';
    await ask(email);
    const answers = await Promise.all(Array.from({ length: 5 }, () => enter(email, codeFor(api, email))));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  test('after five wrong guesses is over for this code', async () => {
    const email = 'guess@example.com';
    await ask(email);
    const code = codeFor(api, email);
    const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, '0');
    for (let guess = 0; guess < 5; guess += 1) expect((await enter(email, wrong)).status).toBe(401);
    expect(codeOf(await enter(email, code))).toBe('sign_in_code_wrong');
  });

  test('is over for a code that is too old', async () => {
    const brief = await startApi(api.databaseUri, { config: { FREEHOLD_SIGN_IN_CODE_MS: 1 } });
    try {
      await brief.call('POST', '/v1/sign-in/codes', { body: { email: 'old@example.com' } });
      const body = { email: 'old@example.com', code: codeFor(brief, 'old@example.com') };
      expect(codeOf(await brief.call('POST', '/v1/sign-in', { body }))).toBe('sign_in_code_wrong');
    } finally {
      await brief.close();
    }
  });

  test('asks an address for ten codes an hour and no more', async () => {
    const email = 'tenth@example.com';
    for (let code = 0; code < 10; code += 1) expect((await ask(email)).status).toBe(202);
    const answer = await ask(email);
    expect([answer.status, codeOf(answer)]).toEqual([429, 'too_many_requests']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(60);
  });

  test('answers 202 while the mail relay is down', async () => {
    const quiet = await startApi(api.databaseUri, {
      mail: { send: async () => Promise.reject(new ReasonError('mail_unavailable')) },
    });
    try {
      const answer = await quiet.call('POST', '/v1/sign-in/codes', { body: { email: 'down@example.com' } });
      expect(answer.status).toBe(202);
    } finally {
      await quiet.close();
    }
  });

  test('refuses an address that is none', async () => {
    expect(codeOf(await ask('nobody'))).toBe('email_invalid');
    expect(codeOf(await enter('a@example.com', '12'))).toBe('invalid_request');
  });
});

describe('a session', () => {
  test('writes only with its CSRF token', async () => {
    const { cookie, ...token } = await signIn(api, 'csrf@example.com');
    const other = await signIn(api, 'csrf2@example.com');
    const signOut = (headers: Record<string, string>) => api.call('POST', '/v1/sign-out', { headers });
    expect(codeOf(await signOut({ cookie }))).toBe('csrf_mismatch');
    expect(codeOf(await signOut({ cookie, 'x-csrf-token': other['x-csrf-token'] }))).toBe('csrf_mismatch');
    expect((await signOut({ cookie, ...token })).status).toBe(204);
    expect((await api.call('GET', '/v1/me', { headers: { cookie } })).status).toBe(401);
  });

  test('ends by its age', async () => {
    const { cookie } = await signIn(api, 'aged@example.com');
    await api.store.sessions.model.updateMany({}, { $set: { expiresAt: new Date(Date.now() - 1_000) } });
    expect(codeOf(await api.call('GET', '/v1/me', { headers: { cookie } }))).toBe('not_signed_in');
  });

  test('of a member who was removed is worth nothing', async () => {
    const member = await signIn(api, 'removed@example.com');
    await api.store.accounts.model.updateOne({ email: 'removed@example.com' }, { $set: { members: [] } });
    expect((await api.call('GET', '/v1/me', { headers: member })).status).toBe(401);
  });

  test('that nobody opened is worth nothing', async () => {
    for (const cookie of ['freehold_session=', 'freehold_session=abc', 'freehold_session[$ne]=1', '%%%']) {
      expect((await api.call('GET', '/v1/me', { headers: { cookie } })).status).toBe(401);
    }
  });
});
