import { describe, expect, test } from '@jest/globals';
import { ReasonError } from '../../src/contracts/reasons.ts';
import { codeFor, codeOf, cookieOf, enterWithCode, order, signIn, startApi, useApi } from '../support/api.ts';

const api = useApi();

/** A browser that keeps its cookies, at a client of its own. */
function openBrowser(client = '198.51.100.1', of = api) {
  const cookies = new Map<string, string>();
  const post = async (path: string, body: object) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await of.call('POST', path, { body, headers: { cookie, 'x-forwarded-for': client } });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    return answer;
  };
  return {
    cookies,
    ask: (email: string) => post('/v1/sign-in/codes', { email }),
    enter: (email: string, code: string) => post('/v1/sign-in', { email, code }),
  };
}

const { ask, enter } = openBrowser();
const wrongFor = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

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
      const answer = await enterWithCode(tls, { email: 'tls@example.com' });
      expect(answer.headers.getSetCookie()).toHaveLength(2);
      for (const cookie of answer.headers.getSetCookie()) {
        // Browsers take the prefix only with all of these, and from this very host.
        expect(cookie).toMatch(/^__Host-freehold_\w+=[\w-]+; Max-Age=\d+; Path=\/; Expires=[^;]+; HttpOnly; Secure/);
      }
      expect(answer.headers.get('strict-transport-security')).toMatch(/max-age/);
      const me = async (cookie: string) => (await tls.call('GET', '/v1/me', { headers: { cookie } })).status;
      const ours = cookieOf(answer);
      expect(await me(ours)).toBe(200);
      // Any server on a subdomain can set the name without its prefix.
      expect(await me(ours.replace('__Host-', ''))).toBe(401);
      expect(await me(`${ours.replace('__Host-', '')}0; ${ours}`)).toBe(200);
      const { body } = await tls.call('GET', '/v1/openapi.json');
      expect(body.components.securitySchemes.session.name).toBe('__Host-freehold_session');
      const { accepted } = await order(tls);
      const page = await tls.call('GET', `/orders/${accepted.id}?key=${accepted.capability}`);
      expect(cookieOf(page)).toBe(`__Host-freehold_${accepted.id}=${accepted.capability}`);
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
    const wrong = wrongFor(code);
    for (let guess = 0; guess < 5; guess += 1) expect((await enter(email, wrong)).status).toBe(401);
    expect(codeOf(await enter(email, code))).toBe('sign_in_code_wrong');
  });

  test('works with the cookie of the browser that asked for the code, and with no other', async () => {
    const email = 'bound@example.com';
    const browser = openBrowser();
    await browser.ask(email);
    const code = codeFor(api, email);
    const other = openBrowser();
    await other.ask('someone-else@example.com');
    expect(codeOf(await other.enter(email, code))).toBe('sign_in_code_wrong');
    expect(codeOf(await openBrowser().enter(email, code))).toBe('sign_in_code_wrong');
    expect((await browser.enter(email, code)).status).toBe(200);
  });

  test('is not prevented by a stranger who asks for codes and guesses', async () => {
    const email = 'victim@example.com';
    const owner = openBrowser('203.0.113.1');
    await owner.ask(email);
    const code = codeFor(api, email);

    const stranger = openBrowser('203.0.113.2');
    const asked = [];
    for (let count = 0; count < 11; count += 1) asked.push((await stranger.ask(email)).status);
    expect(asked).toEqual([...Array(10).fill(202), 429]);
    // Neither another browser nor another address of the same network gives more of them.
    expect((await openBrowser('203.0.113.2').ask(email)).status).toBe(429);
    const wrong = wrongFor(codeFor(api, email));
    for (let guess = 0; guess < 6; guess += 1) expect((await stranger.enter(email, wrong)).status).toBe(401);

    expect((await owner.enter(email, code)).status).toBe(200);
    const elsewhere = openBrowser('203.0.113.3');
    expect((await elsewhere.ask(email)).status).toBe(202);
    expect((await elsewhere.enter(email, codeFor(api, email))).status).toBe(200);
  });

  test('from a browser that is known for the address is not prevented by many strangers either', async () => {
    const email = 'besieged@example.com';
    const owner = openBrowser('203.0.113.1');
    await owner.ask(email);
    expect((await owner.enter(email, codeFor(api, email))).status).toBe(200);

    const answers = [];
    for (let client = 10; client < 40; client += 1) answers.push(await openBrowser(`203.0.113.${client}`).ask(email));
    const accepted = answers.filter(({ status }) => status === 202);
    // The owner's own code came from a browser that was unknown then.
    expect(accepted).toHaveLength(19);
    expect(codeOf(answers.at(-1)!)).toBe('too_many_requests');
    // A code that was refused because of others does not count against its own client.
    const refused = await api.store.allowances.model.findById('sign-in-code:besieged@example.com by 203.0.113.39');
    expect(refused?.times).toEqual([]);

    expect((await owner.ask(email)).status).toBe(202);
    expect((await owner.enter(email, codeFor(api, email))).status).toBe(200);
    // Known is a browser for its own addresses alone.
    const visitor = openBrowser('203.0.113.50');
    await visitor.ask('visitor@example.com');
    await visitor.enter('visitor@example.com', codeFor(api, 'visitor@example.com'));
    expect((await visitor.ask(email)).status).toBe(429);
    // Nor is a browser known for ever, nor without limit.
    for (let count = 0; count < 9; count += 1) await owner.ask(email);
    expect((await owner.ask(email)).status).toBe(429);
  });

  test('is over for a code that is too old', async () => {
    const brief = await startApi(api.databaseUri, { config: { FREEHOLD_SIGN_IN_CODE_MS: 1 } });
    try {
      expect(codeOf(await enterWithCode(brief, { email: 'old@example.com' }))).toBe('sign_in_code_wrong');
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

  test('asks for ten codes at most, also when all are asked for at once', async () => {
    const email = 'at-once@example.com';
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(email)));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(10);
    expect(api.mails.filter(({ to }) => to === email)).toHaveLength(10);
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

  test('is refused when its cookie is sent twice, whichever comes first', async () => {
    const { cookie } = await signIn(api, 'twice@example.com');
    const { cookie: tossed } = await signIn(api, 'tosser@example.com');
    const me = async (sent: string) => (await api.call('GET', '/v1/me', { headers: { cookie: sent } })).status;
    expect([await me(cookie), await me(tossed)]).toEqual([200, 200]);
    expect([await me(`${tossed}; ${cookie}`), await me(`${cookie}; ${tossed}`)]).toEqual([401, 401]);
  });

  test('that nobody opened is worth nothing', async () => {
    for (const cookie of ['freehold_session=', 'freehold_session=abc', 'freehold_session[$ne]=1', '%%%']) {
      expect((await api.call('GET', '/v1/me', { headers: { cookie } })).status).toBe(401);
    }
  });
});
