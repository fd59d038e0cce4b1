import { describe, expect, test } from '@jest/globals';
import { allRoutes } from '../../src/api/routes/all-routes.ts';
import { newId } from '../../src/runtime/new-id.ts';
import { codeOf, enterWithCode, order, signIn, useApi } from '../support/api.ts';
import { instanceRecord } from '../support/instance-record.ts';
import { type Browser, found, invite, join } from '../support/members.ts';

const api = useApi();

/** Every route of members with an id in its path. */
const routes = allRoutes.filter(
  ({ guard, path }) => path.includes('{') && (guard.security as readonly string[]).includes('session'),
);

/** Bodies that would be valid for a resource of one's own. */
const bodies: Record<string, unknown> = { '/v1/account/members/{id}/roles': { roles: ['viewer'] } };

/** Ids of everything that a tenant has, by the start of their path. */
async function belongings(owner: { browser: Browser; email: string; accountId: string }) {
  const { accepted, record } = await order(api, { billingEmail: owner.email });
  const { _id: instance } = instanceRecord({ _id: record.instanceId });
  await api.store.instances.insert(
    instanceRecord({ _id: instance, accountId: owner.accountId, orderId: accepted.id, status: 'ready' }),
  );
  const operation = newId.operation();
  await api.store.operations.insert({
    ...{ _id: operation, instanceId: instance, orderId: accepted.id, accountId: owner.accountId },
    ...{ kind: 'provision', status: 'running', steps: [], createdAt: new Date() },
  });
  const member = await join(api, owner.browser, `tenant-${operation}@example.com`);
  const invitation = await invite(api, owner.browser, `invited-${operation}@example.com`);
  return {
    '/v1/orders/': accepted.id,
    '/v1/instances/': instance,
    '/v1/operations/': operation,
    '/v1/account/members/': member.id,
    '/v1/account/invitations/': invitation.body.id as string,
  };
}

describe("L67: what is another tenant's", () => {
  test('is 404 by every route that names one thing, to members of every role, and its owner has it', async () => {
    const [owner, stranger] = [await found(api), await found(api)];
    const ids = await belongings(owner);
    expect(routes.length).toBeGreaterThan(8);
    for (const { method, path } of routes) {
      const prefix = Object.keys(ids).find((start) => path.startsWith(start)) as keyof typeof ids;
      // A route to a new kind of resource needs an id here, and a body above if it takes one.
      expect([path, prefix]).toEqual([path, expect.any(String)]);
      const url = path.replace(/\{\w+\}/, ids[prefix]);
      const headers = { ...stranger.browser, 'idempotency-key': `strange-${path.length}` };
      const options = { headers, ...(bodies[path] ? { body: bodies[path] } : {}) };
      const answer = await api.call(method.toUpperCase(), url, options);
      expect([path, answer.status, answer.body.code]).toEqual([path, 404, 'not_found']);
      const nothing = url.replace(/[0-9a-z]{16}(?=\/|$)/, '0'.repeat(16));
      const unknown = await api.call(method.toUpperCase(), nothing, options);
      const shape = ({ body: { requestId: _, ...body } }: typeof answer) => body;
      expect(shape(unknown)).toEqual(shape(answer));
      if (method !== 'get' || path.endsWith('/payment')) continue;
      const own = await api.call('GET', url, { headers: { ...owner.browser } });
      expect([path, own.status]).toEqual([path, 200]);
    }
  });

  test('is in no list', async () => {
    const [owner, stranger] = [await found(api), await found(api)];
    const ids = Object.values(await belongings(owner));
    const audit = await api.call('GET', '/v1/account/audit', { headers: { ...stranger.browser } });
    expect(audit.body.items).toEqual([]);
    const lists = ['/v1/orders', '/v1/instances', '/v1/account/members', '/v1/account/invitations', '/v1/me'];
    for (const list of lists) {
      const theirs = JSON.stringify((await api.call('GET', list, { headers: { ...stranger.browser } })).body);
      for (const id of ids) expect(theirs).not.toContain(id);
      const own = JSON.stringify((await api.call('GET', list, { headers: { ...owner.browser } })).body);
      expect(ids.some((id) => own.includes(id))).toBe(true);
    }
  });

  test('is no account to go over to, nor one to sign in to', async () => {
    const [owner, stranger] = [await found(api), await found(api)];
    for (const accountId of [owner.accountId, newId.account()]) {
      const headers = { ...stranger.browser };
      const answer = await api.call('POST', '/v1/me/account', { headers, body: { accountId } });
      expect([answer.status, codeOf(answer)]).toEqual([404, 'not_found']);
    }
    expect((await api.call('GET', '/v1/me', { headers: { ...stranger.browser } })).status).toBe(200);
    const entered = await enterWithCode(api, { email: stranger.email, accountId: owner.accountId });
    expect(codeOf(entered)).toBe('not_found');
  });

  test('stays so for a member who went over to another account', async () => {
    const [owner, host] = [await found(api), await found(api)];
    const ids = await belongings(owner);
    await join(api, host.browser, owner.email, ['admin']);
    const moved = await api.call('POST', '/v1/me/account', {
      headers: { ...owner.browser },
      body: { accountId: host.accountId },
    });
    const cookie = moved.headers.get('set-cookie')?.split(';')[0] ?? '';
    const answer = await api.call('GET', `/v1/instances/${ids['/v1/instances/']}`, { headers: { cookie } });
    expect(answer.status).toBe(404);
    const back = await signIn(api, owner.email);
    const own = await api.call('GET', `/v1/instances/${ids['/v1/instances/']}`, { headers: { ...back } });
    expect(own.status).toBe(200);
  });
});
