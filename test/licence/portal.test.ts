import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Connection, createConnection } from 'mongoose';
import type { AuditEntry } from '../../src/licence/protocol/admin.ts';
import type {
  AccountExport,
  PortalInstance,
  PortalInstances,
  PortalLicences,
} from '../../src/licence/protocol/portal.ts';
import { createAccountService } from './support/account-service.ts';
import { type LicenceWorld, startLicenceWorld } from './support/licence-server.ts';

/** The licence portal of an account, with tokens of a configured account service. */

let world: LicenceWorld;
let database: Connection;

beforeAll(async () => {
  world = await startLicenceWorld();
  database = await createConnection(world.database.uri).asPromise();
  await world.putPlan('SHOWN', { keyReveal: 'again' });
});
afterAll(async () => {
  await database?.close();
  await world?.stop();
});

const sealedKeyOf = async (id: string) =>
  (await database.collection<{ _id: string; sealedKey: unknown }>('licences').findOne({ _id: id }))?.sealedKey;

const newAccount = () => `acc_${randomUUID().slice(0, 8)}`;
const audit = async (licenseId: string) =>
  (await world.admin<{ entries: AuditEntry[] }>('GET', `/audit?licenseId=${licenseId}`)).body.entries;
const idempotent = () => ({ 'Idempotency-Key': randomUUID() });

describe('a token', () => {
  const account = newAccount();
  const ask = (token: string) => world.call('GET', '/v1/me/licenses', undefined, { Authorization: `Bearer ${token}` });

  test('of the account service is good for its account', async () => {
    expect(await ask(await world.accounts.token({ account, role: 'viewer' }))).toMatchObject({
      status: 200,
      body: { licenses: [], next: null },
    });
  });

  test.each<[string, () => Promise<string>]>([
    ['that has expired', () => world.accounts.token({ account }, { exp: Math.floor(Date.now() / 1000) - 60 })],
    [
      'older than five minutes, whatever its own end says',
      () => {
        const iat = Math.floor(Date.now() / 1000) - 310;
        return world.accounts.token({ account }, { iat, exp: iat + 3600 });
      },
    ],
    ['without an end', () => world.accounts.token({ account }, { exp: undefined })],
    ['for another audience', () => world.accounts.token({ account }, { aud: 'api' })],
    ['of another issuer', () => world.accounts.token({ account }, { iss: 'https://elsewhere.test' })],
    ['of another type', () => world.accounts.token({ account }, {}, { typ: 'lic+jws' })],
    ['of a key that is not published', () => world.accounts.token({ account }, {}, { kid: 'acc-2' })],
    ['of another key under a known name', () => createAccountService(world.accounts.issuer).token({ account })],
    ['without an account', () => world.accounts.token({ account }, { account: undefined })],
    ['with a role that is none', () => world.accounts.token({ account }, { role: 'owner' })],
    ['with an operator for an account', () => world.accounts.token({ account }, { account: { $ne: '' } })],
    [
      'that is not signed',
      async () => {
        const [, claims] = (await world.accounts.token({ account })).split('.');
        return `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${claims}.`;
      },
    ],
    ['that is none', async () => 'a.b.c'],
  ])('%s is refused', async (_what, token) => {
    const reply = await ask(await token());
    expect([reply.status, reply.body]).toMatchObject([401, { code: 'ACCOUNT_UNAUTHORIZED', num: 140 }]);
  });

  test('is needed; the administrator token is none', async () => {
    const reply = await world.admin('GET', '/../me/licenses');
    expect(reply.status).toBe(401);
    expect((await world.call('GET', '/v1/me/export')).status).toBe(401);
  });

  test('is checked with keys from an address; while they cannot be had, that is our fault and not the token’s', async () => {
    let answer: unknown = null;
    const issuer = createServer((_request, response) => {
      response.statusCode = answer === null ? 500 : 200;
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify(answer));
    }).listen(0, '127.0.0.1');
    await once(issuer, 'listening');
    const other = createAccountService('https://other.test', 'other-1');
    const { url } = await world.start({
      LICENCE_ACCOUNT_JWKS: '',
      LICENCE_ACCOUNT_JWKS_URL: `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/.well-known/jwks.json`,
      LICENCE_ACCOUNT_ISSUER: other.issuer,
    });
    const at = async () =>
      world.call(
        'GET',
        '/v1/me/licenses',
        undefined,
        { Authorization: `Bearer ${await other.token({ account })}` },
        url,
      );
    try {
      expect([(await at()).status, (await at()).headers.get('Retry-After')]).toEqual([503, '5']);
      answer = other.publicKeys;
      expect((await at()).status).toBe(200);
    } finally {
      issuer.close();
      await world.server().kill('SIGTERM');
      await world.start();
    }
  });
});

describe('roles', () => {
  test('viewers read, administrators decide about nodes and keys, payers about money', async () => {
    const account = newAccount();
    const { licenseId, licenseKey } = await world.issue({ account, plan: 'SHOWN' });
    const { body: node } = await world.activate(licenseKey);
    const calls: [string, string, unknown, string[]][] = [
      ['GET', '/licenses', undefined, ['viewer', 'admin', 'payer']],
      ['GET', `/licenses/${licenseId}`, undefined, ['viewer', 'admin', 'payer']],
      ['GET', '/instances', undefined, ['viewer', 'admin', 'payer']],
      ['GET', '/export', undefined, ['admin', 'payer']],
      ['POST', `/licenses/${licenseId}/seats/preview`, { seats: 2 }, ['admin', 'payer']],
      [
        'POST',
        `/licenses/${licenseId}/seats`,
        { seats: 2, planRev: 1, dueNow: { amount: 0, currency: 'EUR' } },
        ['payer'],
      ],
      ['POST', `/licenses/${licenseId}/key/reveal`, undefined, ['admin']],
      ['POST', `/licenses/${licenseId}/key/rotate`, undefined, ['admin']],
      ['POST', `/instances/${node.instanceId}/keep`, { keep: 'running' }, ['admin']],
      ['POST', `/instances/${node.instanceId}/deactivate`, undefined, ['admin']],
    ];
    for (const [method, path, body, allowed] of calls) {
      for (const role of ['viewer', 'admin', 'payer'] as const) {
        const reply = await world.me<{ code?: string }>({ account, role }, method, path, body, idempotent());
        expect([path, role, reply.body.code === 'ROLE_REQUIRED']).toEqual([path, role, !allowed.includes(role)]);
        if (!allowed.includes(role)) expect(reply.status).toBe(403);
      }
    }
    expect((await world.me({ account, role: ['viewer', 'admin'] }, 'GET', '/export')).status).toBe(200);
  });
});

describe('L67: another account', () => {
  test('finds no licence and no node of ours: 404 everywhere, as for what does not exist', async () => {
    const [ours, theirs] = [newAccount(), newAccount()];
    const { licenseId, licenseKey } = await world.issue({ account: ours, plan: 'SHOWN' });
    const { licenseId: nobodys } = await world.issue({ plan: 'SHOWN' });
    const { body: node } = await world.activate(licenseKey);
    await world.issue({ account: theirs });
    const before = JSON.stringify(await world.view(licenseId));
    const calls = (licence: string, instance: string): [string, string, unknown?][] => [
      ['GET', `/licenses/${licence}`],
      ['POST', `/licenses/${licence}/key/reveal`],
      ['POST', `/licenses/${licence}/key/rotate`],
      ['POST', `/licenses/${licence}/seats/preview`, { seats: 2 }],
      ['POST', `/licenses/${licence}/seats`, { seats: 2, planRev: 1, dueNow: { amount: 0, currency: 'EUR' } }],
      ['GET', `/instances?licenseId=${licence}`],
      ['POST', `/instances/${instance}/keep`, { keep: 'refused' }],
      ['POST', `/instances/${instance}/deactivate`],
    ];
    const member = { account: theirs, role: ['admin', 'payer'] as ('admin' | 'payer')[] };
    const unknown = calls('lic_0123456789abcdef', 'act_0123456789abcdef');
    for (const [i, [method, path, body]] of [
      ...calls(licenseId, node.instanceId),
      ...calls(nobodys, node.instanceId),
    ].entries()) {
      const reply = await world.me(member, method, path, body, idempotent());
      const [, unknownPath, unknownBody] = unknown[i % unknown.length]!;
      const missing = await world.me(member, method, unknownPath, unknownBody, idempotent());
      expect([path, reply.status]).toEqual([path, 404]);
      expect({ ...reply.body, requestId: '' }).toEqual({ ...missing.body, requestId: '' });
    }
    expect(JSON.stringify(await world.view(licenseId))).toBe(before);

    const listed = (await world.me<PortalLicences>(member, 'GET', '/licenses')).body.licenses;
    expect(listed.map((licence) => licence.account)).toEqual([theirs]);
    expect((await world.me<PortalInstances>(member, 'GET', '/instances?status=all')).body.instances).toEqual([]);
    const exported = JSON.stringify((await world.me<AccountExport>(member, 'GET', '/export')).body);
    for (const id of [licenseId, nobodys, node.instanceId, ours]) expect(exported).not.toContain(id);
  });

  test('gets a licence that is transferred; its nodes run on, the old account and the old key are out', async () => {
    const [ours, theirs] = [newAccount(), newAccount()];
    const { licenseId, licenseKey } = await world.issue({ account: ours, seats: 2 });
    const { body: node } = await world.activate(licenseKey);
    const key = idempotent();
    const transfer = () =>
      world.admin<{ licenseKey: string }>(
        'POST',
        `/licenses/${licenseId}/transfer`,
        { account: theirs, revealKey: true },
        key,
      );
    const moved = await transfer();
    expect(moved).toMatchObject({ status: 200, body: { account: theirs } });
    expect((await transfer()).body.licenseKey).toBe(moved.body.licenseKey);
    expect((await world.me({ account: ours }, 'GET', `/licenses/${licenseId}`)).status).toBe(404);
    expect((await world.me({ account: theirs }, 'GET', `/licenses/${licenseId}`)).status).toBe(200);
    expect((await world.check(node.instanceId, { secret: node.secret })).status).toBe(200);
    expect((await world.activate(licenseKey)).status).toBe(401);
    expect((await world.activate(moved.body.licenseKey)).status).toBe(201);
    expect((await audit(licenseId)).filter(({ action }) => action === 'license.transferred')).toMatchObject([
      { actor: 'control-plane', before: { account: ours }, after: { account: theirs } },
    ]);
  });
});

describe('what an account has', () => {
  test('is listed page by page, also when it has ended', async () => {
    const account = newAccount();
    const issued = [];
    for (let i = 0; i < 5; i += 1) issued.push((await world.issue({ account })).licenseId);
    await world.admin('POST', `/licenses/${issued[0]}/revoke`, { reason: 'test' });
    const seen: string[] = [];
    let after: string | null = '';
    while (after !== null) {
      const { body }: { body: PortalLicences } = await world.me({ account }, 'GET', `/licenses?limit=2&after=${after}`);
      seen.push(...body.licenses.map(({ licenseId }) => licenseId));
      after = body.next;
    }
    expect(seen).toEqual([...issued].sort());
  });

  test('nodes: those that run, those that ran, of one licence or of all', async () => {
    const account = newAccount();
    const one = await world.issue({ account, seats: 2 });
    const two = await world.issue({ account });
    const host = { hostname: 'h1.example', provider: 'aws', region: 'eu-west-1' };
    const { body: running } = await world.activate(one.licenseKey, { node: { name: 'n1', ...host } });
    const { body: ended } = await world.activate(one.licenseKey);
    const { body: other } = await world.activate(two.licenseKey);
    const deactivated = await world.me<PortalInstance>(
      { account, sub: 'mem_7' },
      'POST',
      `/instances/${ended.instanceId}/deactivate`,
    );
    expect(deactivated).toMatchObject({ status: 200, body: { status: 'deactivated', holdsSeat: false } });
    const ids = async (query: string) =>
      (await world.me<PortalInstances>({ account }, 'GET', `/instances${query}`)).body.instances
        .map(({ instanceId }) => instanceId)
        .sort();
    expect(await ids('')).toEqual([running.instanceId, other.instanceId].sort());
    expect(await ids(`?licenseId=${one.licenseId}`)).toEqual([running.instanceId]);
    expect(await ids('?status=ended')).toEqual([ended.instanceId]);
    expect(await ids('?status=all')).toHaveLength(3);
    const shown = await world.me<PortalInstances>({ account }, 'GET', `/instances?licenseId=${one.licenseId}`);
    expect(shown.body.instances[0]).toMatchObject({
      ...host,
      nodeName: 'n1',
      licenseId: one.licenseId,
      refusedCopy: null,
    });
    expect((await audit(one.licenseId)).at(-1)).toMatchObject({
      actor: 'member:mem_7',
      action: 'seat.released',
      instanceId: ended.instanceId,
      before: { status: 'active' },
      after: { status: 'deactivated' },
    });
    expect((await world.me({ account }, 'GET', '/instances?status[$ne]=x')).status).toBe(400);
  });

  test('are listed page by page, also of an account with more than a thousand licences', async () => {
    const account = newAccount();
    const issued = [await world.issue({ account, seats: 3 }), await world.issue({ account, seats: 3 })];
    const ids: string[] = [];
    for (const { licenseKey } of [...issued, ...issued]) ids.push((await world.activate(licenseKey)).body.instanceId);
    const licences = database.collection<{ _id: string }>('licences');
    const one = await licences.findOne({ _id: issued[0]?.licenseId as string });
    // They come before those with nodes.
    const others = Array.from({ length: 1200 }, (_, index) => {
      const unique = { keyHash: randomUUID(), idempotencyKey: randomUUID() };
      return { ...one, ...unique, _id: `lic_${String(index).padStart(16, '0')}`, seats: [] };
    });
    await licences.insertMany(others as never[]);
    const seen: string[] = [];
    for (let after: string | null = ''; after !== null; ) {
      const path: string = `/instances?limit=3&after=${after}`;
      const { body } = await world.me<PortalInstances>({ account }, 'GET', path);
      expect(body.instances.length).toBeLessThanOrEqual(3);
      seen.push(...body.instances.map(({ instanceId }) => instanceId));
      after = body.next;
    }
    expect(seen.toSorted()).toEqual(ids.toSorted());
    const ofOne = `/instances?licenseId=${issued[1]?.licenseId}&limit=1`;
    const first = (await world.me<PortalInstances>({ account }, 'GET', ofOne)).body;
    const second = (await world.me<PortalInstances>({ account }, 'GET', `${ofOne}&after=${first.next}`)).body;
    expect([...first.instances, ...second.instances].map(({ instanceId }) => instanceId).toSorted()).toEqual(
      [ids[1], ids[3]].toSorted(),
    );
    await licences.deleteMany({ _id: { $in: others.map(({ _id }) => _id) } });
  });

  test('L18: a node that was deactivated here is told so by a signed verdict, and another takes its seat', async () => {
    const account = newAccount();
    const { licenseKey } = await world.issue({ account });
    const { body: node } = await world.activate(licenseKey);
    await world.me({ account }, 'POST', `/instances/${node.instanceId}/deactivate`);
    const refused = await world.check(node.instanceId, { secret: node.secret });
    expect(refused.body.code).toBe('INSTANCE_NOT_ACTIVE');
    expect((await world.claimsOf(refused.body.verdict)).refusal?.cause).toBe('deactivated');
    expect((await world.activate(licenseKey)).status).toBe(201);
  });

  test('is exported whole: licences, nodes and audit log, and no key or secret', async () => {
    const account = newAccount();
    const { licenseId, licenseKey } = await world.issue({ account, plan: 'SHOWN' });
    const { body: node } = await world.activate(licenseKey);
    await world.me({ account }, 'POST', `/licenses/${licenseId}/key/reveal`);
    const { body } = await world.me<AccountExport>({ account }, 'GET', '/export');
    expect(body).toMatchObject({
      account,
      licenses: [{ licenseId, account, keyShown: true, instances: [{ instanceId: node.instanceId, licenseId }] }],
    });
    expect(body.licenses[0]?.audit.map(({ action }) => action)).toEqual([
      'license.created',
      'seat.claimed',
      'license.key-shown',
    ]);
    const { text, key, tag } = (await sealedKeyOf(licenseId)) as Record<string, string>;
    for (const secret of [licenseKey, node.secret, text, tag]) expect(JSON.stringify(body)).not.toContain(secret);
    expect(key).toBe('s1');
  });
});

describe('a key', () => {
  test('is shown again where its plan says so, else not; the database holds it only sealed', async () => {
    const account = newAccount();
    const shown = await world.issue({ account, plan: 'SHOWN' });
    const hidden = await world.issue({ account });
    const revealed = await world.me({ account, sub: 'mem_3' }, 'POST', `/licenses/${shown.licenseId}/key/reveal`);
    expect(revealed).toMatchObject({
      status: 200,
      body: { licenseKey: shown.licenseKey, keyLast4: shown.licenseKey.slice(-4) },
    });
    expect((await audit(shown.licenseId)).at(-1)).toMatchObject({ actor: 'member:mem_3', action: 'license.key-shown' });
    const refused = await world.me({ account }, 'POST', `/licenses/${hidden.licenseId}/key/reveal`);
    expect([refused.status, refused.body]).toMatchObject([403, { code: 'KEY_NOT_SHOWN', num: 143 }]);
    expect(await sealedKeyOf(hidden.licenseId)).toBeNull();
    expect(await sealedKeyOf(shown.licenseId)).toMatchObject({ key: 's1' });
  });

  test('is no longer shown when its plan stops to say so', async () => {
    const account = newAccount();
    await world.putPlan('CHANGING', { keyReveal: 'again' });
    const { licenseId } = await world.issue({ account, plan: 'CHANGING' });
    const reveal = () => world.me({ account }, 'POST', `/licenses/${licenseId}/key/reveal`);
    expect((await reveal()).status).toBe(200);
    await world.putPlan('CHANGING', { keyReveal: 'once' });
    expect((await reveal()).status).toBe(403);
  });

  test('is rotated without touching nodes; the same request again has the same new key', async () => {
    const account = newAccount();
    const { licenseId, licenseKey } = await world.issue({ account, plan: 'SHOWN', seats: 3 });
    const { body: node } = await world.activate(licenseKey);
    const key = idempotent();
    const rotate = (by = key) =>
      world.me<{ licenseKey: string }>({ account }, 'POST', `/licenses/${licenseId}/key/rotate`, undefined, by);
    const { body: first } = await rotate();
    expect(first.licenseKey).not.toBe(licenseKey);
    expect((await rotate()).body).toEqual(first);
    expect((await world.activate(licenseKey)).body).toMatchObject({ num: 101 });
    expect((await world.activate(first.licenseKey)).status).toBe(201);
    expect((await world.check(node.instanceId, { secret: node.secret })).status).toBe(200);
    expect((await world.me({ account }, 'POST', `/licenses/${licenseId}/key/reveal`)).body).toMatchObject(first);
    expect((await rotate(idempotent())).body.licenseKey).not.toBe(first.licenseKey);
    expect((await audit(licenseId)).filter(({ action }) => action === 'license.key-rotated')).toMatchObject([
      { before: { generation: 0 }, after: { generation: 1 } },
      { before: { generation: 1 }, after: { generation: 2 } },
    ]);
  });

  test('rotated twice: the first call, repeated, does not replace the key of the second', async () => {
    const account = newAccount();
    const { licenseId } = await world.issue({ account });
    const path = `/licenses/${licenseId}/rotate-key`;
    const by = (key: string) =>
      world.admin<{ licenseKey: string; code: string }>('POST', path, { revealKey: true }, { 'Idempotency-Key': key });
    const [first, second] = [randomUUID(), randomUUID()];
    await by(first);
    const { body } = await by(second);
    for (const _ of [1, 2]) expect((await by(first)).body.code).toBe('IDEMPOTENCY_CONFLICT');
    expect((await by(second)).body.licenseKey).toBe(body.licenseKey);
    const transfer = { account: newAccount() };
    const move = (to: object, key: string) =>
      world.admin<{ code: string }>('POST', `/licenses/${licenseId}/transfer`, to, { 'Idempotency-Key': key });
    const moved = randomUUID();
    expect((await move(transfer, moved)).status).toBe(200);
    expect((await move({ account }, randomUUID())).status).toBe(200);
    expect((await move(transfer, moved)).body.code).toBe('IDEMPOTENCY_CONFLICT');
    expect((await world.admin<{ account: string }>('GET', `/licenses/${licenseId}`)).body.account).toBe(account);
  });

  test('rotated by many at once is rotated by one of them', async () => {
    const account = newAccount();
    const { licenseId } = await world.issue({ account });
    const replies = await Promise.all(
      Array.from({ length: 10 }, () =>
        world.me<{ licenseKey: string }>(
          { account },
          'POST',
          `/licenses/${licenseId}/key/rotate`,
          undefined,
          idempotent(),
        ),
      ),
    );
    const won = replies.filter(({ status }) => status === 200);
    expect(won.length).toBeGreaterThan(0);
    for (const { status, body } of replies) {
      if (status !== 200) expect([status, body]).toMatchObject([409, { code: 'LICENSE_CHANGED' }]);
    }
    // The key returned last is the valid one.
    const worth = await Promise.all(
      won.map(({ body }) => world.activate(body.licenseKey, { product: 'freehold-server' })),
    );
    expect(worth.filter(({ status }) => status === 201)).toHaveLength(1);
  });
});

describe('two hosts with the same node', () => {
  async function copied(account: string) {
    const { licenseId, licenseKey } = await world.issue({ account });
    const { body: node } = await world.activate(licenseKey);
    const original = await world.check(node.instanceId, { secret: node.secret, bootId: 'original' });
    // The copy was made before that check, and asks with the previous secret and its own request id.
    const asCopy = () =>
      world.check(node.instanceId, { secret: node.secret, bootId: 'copy', requestId: 'request-of-the-copy' });
    const refused = await asCopy();
    expect(refused.body.code).toBe('CLONE_SUSPECTED');
    return { licenseId, instanceId: node.instanceId, secret: original.body.secret, asCopy };
  }

  test('are both shown, and keeping the one that runs settles it', async () => {
    const account = newAccount();
    const { licenseId, instanceId, secret, asCopy } = await copied(account);
    const { body } = await world.me<PortalInstances>({ account }, 'GET', '/instances');
    expect(body.instances).toMatchObject([
      { instanceId, bootId: 'original', refusedCopy: { bootId: 'copy', address: '127.0.0.1' } },
    ]);
    const kept = await world.me<PortalInstance>({ account, sub: 'mem_9' }, 'POST', `/instances/${instanceId}/keep`, {
      keep: 'running',
    });
    expect(kept).toMatchObject({
      status: 200,
      body: { bootId: 'original', cloneSuspectedAt: null, refusedCopy: null },
    });
    expect((await world.check(instanceId, { secret, bootId: 'original' })).status).toBe(200);
    expect((await asCopy()).status).toBe(409);
    expect((await audit(licenseId)).filter(({ action }) => action === 'clone.resolved')).toMatchObject([
      {
        actor: 'member:mem_9',
        before: { running: { bootId: 'original' }, refused: { bootId: 'copy' } },
        after: { kept: 'running' },
      },
    ]);
  });

  test('keeping the other one: it goes on with the state that it has, the first is refused as a copy', async () => {
    const account = newAccount();
    const { instanceId, secret, asCopy } = await copied(account);
    const kept = await world.me<PortalInstance>({ account }, 'POST', `/instances/${instanceId}/keep`, {
      keep: 'refused',
    });
    expect(kept).toMatchObject({ status: 200, body: { bootId: 'copy', refusedCopy: null } });
    const first = await asCopy();
    expect(first.status).toBe(200);
    const late = await world.check(instanceId, { secret, bootId: 'original' });
    expect([late.status, late.body.code]).toEqual([409, 'STALE_SECRET']);
    expect((await world.claimsOf(late.body.verdict)).refusal?.code).toBe('STALE_SECRET');
    expect((await world.check(instanceId, { secret: first.body.secret, bootId: 'copy' })).status).toBe(200);
  });

  test('nothing is decided where no copy was seen, and nothing twice', async () => {
    const account = newAccount();
    const { instanceId } = await copied(account);
    const keep = (id: string) => world.me({ account }, 'POST', `/instances/${id}/keep`, { keep: 'running' });
    expect((await keep(instanceId)).status).toBe(200);
    expect(await keep(instanceId)).toMatchObject({ status: 409, body: { code: 'NO_COPY_SUSPECTED' } });
  });
});

test('seats are not sold where no seller is configured', async () => {
  const account = newAccount();
  const { licenseId } = await world.issue({ account });
  const preview = await world.me({ account, role: 'payer' }, 'POST', `/licenses/${licenseId}/seats/preview`, {
    seats: 2,
  });
  expect([preview.status, preview.body]).toMatchObject([409, { code: 'SEATS_NOT_SOLD_HERE', num: 142 }]);
  const body = { seats: 2, planRev: 1, dueNow: { amount: 0, currency: 'EUR' } };
  const change = await world.me({ account, role: 'payer' }, 'POST', `/licenses/${licenseId}/seats`, body, idempotent());
  expect([change.status, change.body]).toMatchObject([409, { code: 'SEATS_NOT_SOLD_HERE' }]);
  expect((await world.view(licenseId)).seats.production.limit).toBe(1);
});
