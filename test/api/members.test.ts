import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ReasonError } from '../../src/contracts/reasons.ts';
import {
  codeOf,
  enterWithCode,
  freshName,
  operatorToken,
  orderBody,
  quote,
  signIn,
  startApi,
  type TestApi,
  useApi,
} from '../support/api.ts';
import { accept, type Browser, browserOf, found, invite, join, linkTokenFor } from '../support/members.ts';

const api = useApi();
/** A second process on the same records. */
let other: TestApi;

beforeAll(async () => {
  other = await startApi(api.databaseUri);
});

afterAll(async () => {
  await other.close();
});

const post = (by: Browser, path: string, body?: unknown, on: TestApi = api) =>
  on.call('POST', `/v1/account/${path}`, { headers: { ...by }, ...(body === undefined ? {} : { body }) });
const get = (by: Browser, path: string) => api.call('GET', path, { headers: { ...by } });
const remove = (by: Browser, id: string, on = api) => post(by, `members/${id}/remove`, undefined, on);
const giveRoles = (by: Browser, id: string, roles: string[], on = api) =>
  post(by, `members/${id}/roles`, { roles }, on);

async function actionsOn(accountId: string): Promise<string[]> {
  return (await api.store.audit.of(accountId)).map(({ action }) => action);
}

describe('a member', () => {
  test('is invited by e-mail, accepts by the link, and is signed in', async () => {
    const { browser, accountId, email } = await found(api);
    const invited = await invite(api, browser, 'New.Member@Example.com', ['viewer', 'payer', 'payer']);
    expect(invited.status).toBe(201);
    expect(invited.body).toMatchObject({ email: 'new.member@example.com', roles: ['payer', 'viewer'], expired: false });
    const days = (Date.parse(invited.body.expiresAt) - Date.parse(invited.body.createdAt)) / 86_400_000;
    expect(days).toBeCloseTo(7, 3);
    expect((await get(browser, '/v1/account/invitations')).body.items).toEqual([invited.body]);

    const mail = api.mails.findLast(({ to }) => to === 'new.member@example.com');
    expect(mail?.subject).toBe(`You are invited to the account ${email}`);
    expect(mail?.text).toContain('order servers and pay for them');
    const accepted = await accept(api, linkTokenFor(api, 'new.member@example.com'));
    expect(accepted.status).toBe(200);
    expect(accepted.body.account.id).toBe(accountId);
    expect(accepted.body.member).toMatchObject({ email: 'new.member@example.com', roles: ['payer', 'viewer'] });

    const { body } = await get(browserOf(accepted), '/v1/account/members');
    expect(body.items.map((member: { email: string }) => member.email)).toEqual([email, 'new.member@example.com']);
    expect((await get(browser, '/v1/account/invitations')).body.items).toEqual([]);
    const again = await signIn(api, 'new.member@example.com');
    expect((await get(again, '/v1/me')).body.account.id).toBe(accountId);
  });

  test('changes roles, leaves and is removed, and the audit log has each with actor, before, after and request', async () => {
    const { browser, accountId, memberId } = await found(api);
    const [ann, bob] = [
      await join(api, browser, 'audit-ann@example.com'),
      await join(api, browser, 'audit-bob@example.com'),
    ];
    const changed = await giveRoles(browser, ann.id, ['admin']);
    expect([changed.status, changed.body.roles]).toEqual([200, ['admin']]);
    expect((await post(ann.browser, 'leave')).status).toBe(204);
    expect((await remove(browser, bob.id)).status).toBe(204);

    const entries = await api.store.audit.of(accountId);
    expect(entries.map(({ action, actor }) => [action, actor.slice(7)])).toEqual([
      ['invite-member', memberId],
      ['accept-invitation', ann.id],
      ['invite-member', memberId],
      ['accept-invitation', bob.id],
      ['change-roles', memberId],
      ['leave-account', ann.id],
      ['remove-member', memberId],
    ]);
    expect(entries[4]).toMatchObject({
      before: { member: ann.id, roles: ['viewer'] },
      after: { member: ann.id, roles: ['admin'] },
      requestId: changed.headers.get('x-request-id'),
    });
    const shown = await get(browser, '/v1/account/audit?limit=3');
    expect(shown.body.items.map(({ action }: { action: string }) => action)).toEqual([
      'remove-member',
      'leave-account',
      'change-roles',
    ]);
    expect(shown.body.items[2]).toMatchObject({ actor: `member:${memberId}`, before: { roles: ['viewer'] } });
    const headers = { authorization: `Bearer ${operatorToken}` };
    const seen = await api.call('GET', `/v1/operator/accounts/${accountId}`, { headers });
    expect(seen.body.account).toMatchObject({ id: accountId, members: [{ id: memberId }], invitations: [] });
    expect(seen.body.audit).toHaveLength(7);
    for (const { requestId, before, after } of entries) {
      expect(requestId).toMatch(/^req_/);
      expect([before, after].some((fact) => fact !== undefined)).toBe(true);
    }
  });

  test('who was removed is signed out at once, and who left may come back by an invitation', async () => {
    const { browser, accountId } = await found(api);
    const { id, browser: gone } = await join(api, browser, 'comes-back@example.com', ['admin']);
    expect((await remove(browser, id)).status).toBe(204);
    expect(codeOf(await get(gone, '/v1/me'))).toBe('not_signed_in');
    expect(await api.store.sessions.model.countDocuments({ accountId, memberId: id })).toBe(0);
    const back = await join(api, browser, 'comes-back@example.com');
    expect(back.id).not.toBe(id);
  });

  test('whose address the account has neither leaves nor is removed, but changes roles, and signs in to it', async () => {
    const { browser, memberId, email, accountId } = await found(api);
    const heir = await join(api, browser, 'heir@example.com', ['admin']);
    for (const answer of [await post(browser, 'leave'), await remove(heir.browser, memberId)]) {
      expect([answer.status, codeOf(answer)]).toEqual([409, 'account_holder']);
      expect(answer.body.detail).toBe(`the account is the one of ${email}`);
    }
    expect((await giveRoles(heir.browser, memberId, ['viewer'])).status).toBe(200);
    expect((await get(await signIn(api, email), '/v1/me')).body).toMatchObject({
      account: { id: accountId },
      member: { id: memberId, roles: ['viewer'] },
    });
  });

  test('whose address an account has without them as a member neither signs in to it nor orders into it as a guest', async () => {
    const { browser, memberId, email, accountId } = await found(api);
    await join(api, browser, 'stranger@example.com', ['admin']);
    // An account without its holder.
    await api.store.accounts.change(accountId, ({ members }) => ({
      members: members.filter(({ _id }) => _id !== memberId),
    }));
    const signedIn = await enterWithCode(api, { email });
    expect([signedIn.status, codeOf(signedIn)]).toEqual([403, 'not_a_member']);
    const ordered = await api.call('POST', '/v1/orders', {
      body: orderBody(await quote(api), { billingEmail: email.toUpperCase() }),
      headers: { 'idempotency-key': freshName() },
    });
    expect([ordered.status, codeOf(ordered)]).toEqual([403, 'not_a_member']);
    expect(await api.store.orders.countOf(accountId)).toBe(0);
  });

  test.each(['viewer', 'payer'] as const)('who is a %s manages nobody', async (role) => {
    const { browser, memberId } = await found(api);
    const member = (await join(api, browser, `only-${role}@example.com`, [role])).browser;
    const answers = [
      await invite(api, member, 'friend@example.com'),
      await get(member, '/v1/account/invitations'),
      await giveRoles(member, memberId, ['viewer']),
      await remove(member, memberId),
      await get(member, '/v1/account/closing'),
      await get(member, '/v1/account/audit'),
      await post(member, 'close', { confirm: 'x' }),
    ];
    expect(answers.map(codeOf)).toEqual(Array(7).fill('not_allowed'));
  });

  test('writes nothing without the CSRF token', async () => {
    const { browser, memberId } = await found(api);
    const headers = { cookie: browser.cookie };
    for (const path of ['leave', `members/${memberId}/remove`]) {
      expect(codeOf(await api.call('POST', `/v1/account/${path}`, { headers }))).toBe('csrf_mismatch');
    }
    const body = { email: 'csrf-invited@example.com', roles: ['viewer'] };
    expect(codeOf(await api.call('POST', '/v1/account/invitations', { headers, body }))).toBe('csrf_mismatch');
  });

  test('is asked for in whole words: no empty roles, no operators, no text that is no token', async () => {
    const { browser, memberId } = await found(api);
    const bodies = [{}, { roles: [] }, { roles: ['owner'] }, { roles: { $ne: 'x' } }, { roles: ['admin'], more: 1 }];
    for (const body of bodies) {
      expect(codeOf(await post(browser, `members/${memberId}/roles`, body))).toBe('invalid_request');
    }
    for (const token of [{ $gt: '' }, '', 'x'.repeat(101), null]) {
      expect(codeOf(await api.call('POST', '/v1/invitations/accept', { body: { token } }))).toBe('invalid_request');
    }
    expect(codeOf(await invite(api, browser, 'nobody'))).toBe('email_invalid');
  });
});

describe('an invitation', () => {
  test('is used once, by one of many who have its link', async () => {
    const { browser, accountId } = await found(api);
    await invite(api, browser, 'race-link@example.com');
    const token = linkTokenFor(api, 'race-link@example.com');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, each) => accept(each % 2 === 0 ? api : other, token)),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const losers = answers.filter(({ status }) => status !== 200);
    expect(new Set(losers.map(codeOf))).toEqual(new Set(['invitation_invalid']));
    const account = await api.store.accounts.find(accountId);
    expect(account?.members.filter(({ email }) => email === 'race-link@example.com')).toHaveLength(1);
    expect(account?.invitations).toEqual([]);
  });

  test('is over when its time is', async () => {
    const brief = await startApi(api.databaseUri, { config: { FREEHOLD_INVITATION_MS: 1 } });
    try {
      const { browser } = await found(brief);
      await invite(brief, browser, 'late@example.com');
      expect(codeOf(await accept(api, linkTokenFor(brief, 'late@example.com')))).toBe('invitation_invalid');
      const [invitation] = (await get(browser, '/v1/account/invitations')).body.items;
      expect(invitation.expired).toBe(true);
      expect(codeOf(await invite(api, browser, 'late@example.com'))).toBe('already_invited');
      expect((await post(browser, `invitations/${invitation.id}/resend`)).body.expired).toBe(false);
      expect((await accept(api, linkTokenFor(api, 'late@example.com'))).status).toBe(200);
    } finally {
      await brief.close();
    }
  });

  test('that is sent again has a new link, and the old one is dead', async () => {
    const { browser, accountId } = await found(api);
    const { body } = await invite(api, browser, 'again@example.com', ['payer']);
    const old = linkTokenFor(api, 'again@example.com');
    const resent = await post(browser, `invitations/${body.id}/resend`);
    expect([resent.status, resent.body.roles]).toEqual([200, ['payer']]);
    expect(codeOf(await accept(api, old))).toBe('invitation_invalid');
    expect((await accept(api, linkTokenFor(api, 'again@example.com'))).status).toBe(200);
    expect(await actionsOn(accountId)).toEqual(['invite-member', 'resend-invitation', 'accept-invitation']);
  });

  test('that is revoked opens nothing', async () => {
    const { browser, accountId } = await found(api);
    const { body } = await invite(api, browser, 'revoked@example.com');
    expect((await post(browser, `invitations/${body.id}/revoke`)).status).toBe(204);
    expect(codeOf(await post(browser, `invitations/${body.id}/revoke`))).toBe('not_found');
    expect(codeOf(await accept(api, linkTokenFor(api, 'revoked@example.com')))).toBe('invitation_invalid');
    expect(await actionsOn(accountId)).toEqual(['invite-member', 'revoke-invitation']);
  });

  test.each(['is removed', 'leaves', 'loses the role'])(
    'is over when the administrator who sent it %s',
    async (end) => {
      const { browser, accountId } = await found(api);
      const slug = end.replaceAll(' ', '-');
      const sender = await join(api, browser, `sender-${slug}@example.com`, ['admin']);
      await invite(api, sender.browser, `own-address-${slug}@example.com`, ['admin']);
      await invite(api, browser, `others-${slug}@example.com`);
      const ways = {
        'is removed': () => remove(browser, sender.id),
        leaves: () => post(sender.browser, 'leave'),
        'loses the role': () => giveRoles(browser, sender.id, ['payer', 'viewer']),
      } as Record<string, () => Promise<{ status: number }>>;
      expect([200, 204]).toContain((await ways[end]?.())?.status);
      expect(codeOf(await accept(api, linkTokenFor(api, `own-address-${slug}@example.com`)))).toBe(
        'invitation_invalid',
      );
      expect((await accept(api, linkTokenFor(api, `others-${slug}@example.com`))).status).toBe(200);
      const revoked = (await api.store.audit.of(accountId)).filter(({ action }) => action === 'revoke-invitation');
      expect(revoked).toMatchObject([{ before: { email: `own-address-${slug}@example.com` } }]);
    },
  );

  test('stays when its sender gets other roles beside admin', async () => {
    const { browser } = await found(api);
    const sender = await join(api, browser, 'still-admin@example.com', ['admin']);
    await invite(api, sender.browser, 'still-invited@example.com');
    expect((await giveRoles(browser, sender.id, ['admin', 'viewer'])).status).toBe(200);
    expect((await accept(api, linkTokenFor(api, 'still-invited@example.com'))).status).toBe(200);
  });

  test('goes to nobody twice, and to no member', async () => {
    const { browser, email } = await found(api);
    await invite(api, browser, 'twice@example.com');
    expect(codeOf(await invite(api, browser, 'Twice@example.com'))).toBe('already_invited');
    expect(codeOf(await invite(api, browser, email.toUpperCase()))).toBe('already_member');
  });

  test('of one address by many at once is one', async () => {
    const { browser, accountId } = await found(api);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, each) => invite(each % 2 === 0 ? api : other, browser, 'crowd@example.com')),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect((await api.store.accounts.find(accountId))?.invitations).toHaveLength(1);
  });

  test('leaves its secret nowhere but in the mail', async () => {
    const { browser, accountId } = await found(api);
    const answer = await invite(api, browser, 'secret@example.com');
    const token = linkTokenFor(api, 'secret@example.com');
    const kept = [await api.store.accounts.find(accountId), await api.store.audit.of(accountId), answer.body];
    expect(JSON.stringify(kept)).toContain('secret@example.com');
    expect(JSON.stringify(kept)).not.toContain(token);
  });

  test('is mailed twenty times an hour by one account and no more, by however many processes', async () => {
    const { browser, accountId } = await found(api);
    const addresses = Array.from({ length: 24 }, (_, each) => `limit${each}@example.com`);
    const answers = await Promise.all(
      addresses.map((email, each) => invite(each % 2 === 0 ? api : other, browser, email)),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(20);
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused.map((answer) => [answer.status, codeOf(answer)])).toEqual(Array(4).fill([429, 'too_many_requests']));
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(3_000);
    const account = await api.store.accounts.find(accountId);
    expect(account?.invitations).toHaveLength(20);
    const resend = await post(browser, `invitations/${account?.invitations[0]?._id}/resend`);
    expect(codeOf(resend)).toBe('too_many_requests');
  });

  test('reaches one address a few times an hour and no more, whoever sends it, and leaves nothing behind', async () => {
    const email = 'invited-by-all@example.com';
    const founders = await Promise.all(Array.from({ length: 8 }, () => found(api)));
    const answers = await Promise.all(founders.map(({ browser }) => invite(api, browser, email)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
    const refused = founders[answers.findIndex(({ status }) => status === 429)]!;
    expect(api.mails.filter(({ to }) => to === email)).toHaveLength(5);
    expect((await api.store.accounts.find(refused.accountId))?.invitations).toEqual([]);

    const sender = founders[answers.findIndex(({ status }) => status === 201)]!;
    const [invitation] = (await api.store.accounts.find(sender.accountId))!.invitations;
    const path = `/v1/account/invitations/${invitation!._id}/resend`;
    const again = await api.call('POST', path, { headers: { ...sender.browser } });
    expect([again.status, again.body.code]).toEqual([429, 'too_many_requests']);
    // The link that was mailed still works.
    expect((await api.store.accounts.find(sender.accountId))?.invitations).toEqual([invitation]);
  });

  test('is refused where the account is full', async () => {
    const small = await startApi(api.databaseUri, { config: { FREEHOLD_MEMBERS_PER_ACCOUNT: 2 } });
    try {
      const { browser } = await found(small);
      expect((await invite(small, browser, 'fits@example.com')).status).toBe(201);
      expect(codeOf(await invite(small, browser, 'full@example.com'))).toBe('too_many_members');
    } finally {
      await small.close();
    }
  });

  test.each([
    ['mail_unavailable', 503, 'invitation_not_mailed'],
    ['mail_refused', 502, 'mail_refused'],
  ] as const)('that meets %s is answered %d and taken back', async (why, status, code) => {
    const { browser, accountId } = await found(api);
    const mute = await startApi(api.databaseUri, {
      mail: { send: async () => Promise.reject(new ReasonError(why)) },
    });
    try {
      const answer = await invite(mute, browser, 'unmailed@example.com');
      expect([answer.status, codeOf(answer)]).toEqual([status, code]);
      expect((await api.store.accounts.find(accountId))?.invitations).toEqual([]);
      expect(await actionsOn(accountId)).toEqual(['invite-member', 'revoke-invitation']);
      expect((await invite(api, browser, 'unmailed@example.com')).status).toBe(201);
    } finally {
      await mute.close();
    }
  });
});

describe('L68: the last administrator', () => {
  test('neither leaves, nor is removed, nor is degraded', async () => {
    const { browser, memberId: founderId, accountId } = await found(api);
    const last = await join(api, browser, 'last-admin@example.com', ['admin']);
    expect((await giveRoles(last.browser, founderId, ['payer', 'viewer'])).status).toBe(200);
    const answers = [
      await post(last.browser, 'leave'),
      await remove(last.browser, last.id),
      await giveRoles(last.browser, last.id, ['payer', 'viewer']),
    ];
    expect(answers.map((answer) => [answer.status, codeOf(answer)])).toEqual(
      Array(3).fill([409, 'last_administrator']),
    );
    const account = await api.store.accounts.find(accountId);
    expect(account?.members.find(({ _id }) => _id === last.id)?.roles).toEqual(['admin']);
    expect(await actionsOn(accountId)).toEqual(['invite-member', 'accept-invitation', 'change-roles']);
  });

  test('may, once there is another', async () => {
    const { browser, memberId } = await found(api);
    await join(api, browser, 'successor@example.com', ['admin']);
    expect((await giveRoles(browser, memberId, ['payer'])).status).toBe(200);
    expect(codeOf(await invite(api, browser, 'too-late@example.com'))).toBe('not_allowed');
  });

  /** Two administrators besides the founder, who is a third one with `third`. */
  async function rivals(name: string, { third = false } = {}) {
    const { browser, memberId, accountId } = await found(api);
    const one = await join(api, browser, `${name}-one@example.com`, ['admin']);
    const two = await join(api, browser, `${name}-two@example.com`, ['admin']);
    if (!third) await giveRoles(browser, memberId, ['payer']);
    return { one, two, accountId };
  }

  test('stays when two remove each other at once: one wins, with a third administrator too', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { one, two, accountId } = await rivals(`rival${round}`, { third: round % 2 === 1 });
      const answers = await Promise.all([remove(one.browser, two.id), remove(two.browser, one.id, other)]);
      expect(answers.map(({ status }) => status).sort()).toEqual([204, 401]);
      const account = await api.store.accounts.find(accountId);
      const left = account?.members.map(({ _id }) => _id) ?? [];
      expect(left).toHaveLength(2);
      expect([one.id, two.id].filter((id) => left.includes(id))).toHaveLength(1);
      expect((await actionsOn(accountId)).filter((action) => action === 'remove-member')).toHaveLength(1);
    }
  });

  test('stays when two degrade each other, or leave, at once: one wins', async () => {
    for (let round = 0; round < 6; round += 1) {
      const { one, two } = await rivals(`degrader${round}`);
      const answers = await Promise.all([
        giveRoles(one.browser, two.id, ['viewer']),
        giveRoles(two.browser, one.id, ['viewer'], other),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 403]);
    }
    for (let round = 0; round < 6; round += 1) {
      const { one, two, accountId } = await rivals(`leaver${round}`);
      const answers = await Promise.all([post(one.browser, 'leave'), post(two.browser, 'leave', undefined, other)]);
      expect(answers.map(({ status }) => status).sort()).toEqual([204, 409]);
      expect((await api.store.accounts.find(accountId))?.members).toHaveLength(2);
    }
  });
});

describe('a member of several accounts', () => {
  const meOf = async (browser: Browser) => (await get(browser, '/v1/me')).body;

  test('signs in to their own first, chooses another by the code, and switches', async () => {
    const [own, host] = [await found(api), await found(api)];
    await join(api, host.browser, own.email, ['payer']);
    const me = await meOf(own.browser);
    expect(me.account.id).toBe(own.accountId);
    expect(me.accounts).toEqual([
      { id: own.accountId, email: own.email, roles: ['payer', 'admin'] },
      { id: host.accountId, email: host.email, roles: ['payer'] },
    ]);

    const moved = await api.call('POST', '/v1/me/account', {
      headers: { ...own.browser },
      body: { accountId: host.accountId },
    });
    expect([moved.status, moved.body.account.id, moved.body.member.roles]).toEqual([200, host.accountId, ['payer']]);
    expect((await get(own.browser, '/v1/me')).status).toBe(401);
    expect((await meOf(browserOf(moved))).account.id).toBe(host.accountId);
    expect(codeOf(await invite(api, browserOf(moved), 'x@example.com'))).toBe('not_allowed');

    const chosen = await enterWithCode(api, { email: own.email, accountId: host.accountId });
    expect([chosen.status, chosen.body.account.id]).toEqual([200, host.accountId]);
  });

  test('leaves one of them and keeps the other', async () => {
    const [own, host] = [await found(api), await found(api)];
    const guest = await join(api, host.browser, own.email);
    expect((await post(guest.browser, 'leave')).status).toBe(204);
    expect((await meOf(own.browser)).accounts).toHaveLength(1);
  });
});
