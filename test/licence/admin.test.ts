import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Connection, createConnection } from 'mongoose';
import type { AuditEntry, LicenceView } from '../../src/licence/protocol/admin.ts';
import { type LicenceWorld, product, startLicenceWorld } from './support/licence-server.ts';

/** Calls of operators and the control plane for licences. */

let world: LicenceWorld;
let database: Connection;

beforeAll(async () => {
  world = await startLicenceWorld();
  database = await createConnection(world.database.uri).asPromise();
});
afterAll(async () => {
  await database?.close();
  await world?.stop();
});

const idempotent = () => ({ 'Idempotency-Key': randomUUID() });
const auditOf = async (licenseId: string) =>
  (await world.admin<{ entries: AuditEntry[] }>('GET', `/audit?licenseId=${licenseId}`)).body.entries;
const standing = (licenseId: string, push: Record<string, unknown>) =>
  world.admin<LicenceView>('POST', `/licenses/${licenseId}/standing`, push);

describe('products', () => {
  test('are listed with their plans and releases', async () => {
    await world.putPlan('SMALL', { limits: { devices: 5 } }, 'listed');
    await world.putPlan('LARGE', { keyReveal: 'again' }, 'listed');
    // A product with a similar name has separate plans.
    await world.putPlan('OTHER', {}, 'listed-2');
    expect((await world.admin('GET', '/products')).body).toMatchObject({
      products: expect.arrayContaining([
        { product: 'listed', name: 'listed' },
        { product: 'listed-2', name: 'listed-2' },
      ]),
    });
    expect((await world.admin('GET', '/products/listed/plans')).body).toMatchObject({
      plans: [
        { product: 'listed', plan: 'LARGE', revision: 1, keyReveal: 'again' },
        { product: 'listed', plan: 'SMALL', revision: 1, limits: { devices: 5 } },
      ],
    });
  });

  test('are read one by one, as their plans and releases are', async () => {
    await world.putPlan('SMALL', { limits: { devices: 5 } }, 'single');
    const release = await world.admin('PUT', '/products/single/releases/1.0.0', { releasedOn: '2026-01-01' });
    const plan = (await world.admin<{ plans: unknown[] }>('GET', '/products/single/plans')).body.plans[0];
    expect((await world.admin('GET', '/products/single')).body).toEqual({ product: 'single', name: 'single' });
    expect((await world.admin('GET', '/products/single/plans/SMALL')).body).toEqual(plan);
    expect((await world.admin('GET', '/products/single/releases/1.0.0')).body).toEqual(release.body);
    for (const unknown of ['nothing', 'single/plans/NONE', 'nothing/plans/SMALL', 'single/releases/1.0.1']) {
      const { status, body } = await world.admin('GET', `/products/${unknown}`);
      expect([unknown, status, body.code]).toEqual([unknown, 404, 'NOT_REGISTERED']);
    }
  });
});

describe("an operator's stop", () => {
  test('L12: suspends whatever the standing is, says so in its own words, and is lifted by an operator alone', async () => {
    const { licenseId, licenseKey } = await world.issue({ seats: 2 });
    const { body: node } = await world.activate(licenseKey);
    const suspend = () => world.admin<LicenceView>('POST', `/licenses/${licenseId}/suspend`, { reason: 'misuse' });
    expect(await suspend()).toMatchObject({
      status: 200,
      body: { status: 'SUSPENDED', suspended: { reason: 'misuse' } },
    });
    const first = (await suspend()).body.suspended;

    const refused = await world.check(node.instanceId, { secret: node.secret });
    expect([refused.status, refused.body.code, refused.body.detail]).toEqual([
      403,
      'SUBSCRIPTION_NOT_ACTIVE',
      'The licence was suspended by its seller: contact support.',
    ]);
    expect((await world.claimsOf(refused.body.verdict)).lic.status).toBe('SUSPENDED');
    expect((await world.activate(licenseKey)).body.detail).toBe(refused.body.detail);
    // A payment does not lift it.
    await standing(licenseId, { standing: 'current', revision: 9 });
    expect((await world.view(licenseId)).status).toBe('SUSPENDED');

    const reinstated = await world.admin<LicenceView>('POST', `/licenses/${licenseId}/reinstate`);
    expect(reinstated).toMatchObject({ status: 200, body: { status: 'ACTIVE', suspended: null } });
    await world.admin('POST', `/licenses/${licenseId}/reinstate`);
    expect((await world.check(node.instanceId, { secret: node.secret })).status).toBe(200);
    expect((await auditOf(licenseId)).filter(({ action }) => /suspended|reinstated/.test(action))).toMatchObject([
      { action: 'license.suspended', actor: 'control-plane', after: { reason: 'misuse' } },
      { action: 'license.reinstated', before: { reason: first?.reason } },
    ]);
  });

  test('is refused for a licence that was revoked or is not there', async () => {
    const { licenseId } = await world.issue();
    await world.admin('POST', `/licenses/${licenseId}/revoke`, { reason: 'test' });
    for (const path of ['suspend', 'reinstate']) {
      const body = path === 'suspend' ? { reason: 'test' } : undefined;
      expect((await world.admin('POST', `/licenses/${licenseId}/${path}`, body)).body.code).toBe('LICENSE_REVOKED');
      expect((await world.admin('POST', `/licenses/lic_0123456789abcdef/${path}`, body)).status).toBe(404);
    }
  });
});

describe('the term of a subscription', () => {
  const day = 86_400_000;
  const at = (days: number) => new Date(Date.now() + days * day).toISOString();
  const extend = (licenseId: string, until: string) =>
    world.admin<LicenceView & { code?: string }>('POST', `/licenses/${licenseId}/extend`, { until }, idempotent());

  test('is extended: one that had ended runs again, for the same nodes', async () => {
    const { licenseId, licenseKey } = await world.issue({
      standing: { standing: 'current', revision: 1, paidUntil: null, endsAt: at(1) },
    });
    const { body: node } = await world.activate(licenseKey);
    await standing(licenseId, { standing: 'current', revision: 2, endsAt: at(-1) });
    expect((await world.check(node.instanceId, { secret: node.secret })).body.code).toBe('SUBSCRIPTION_NOT_ACTIVE');
    const until = at(30);
    expect((await extend(licenseId, until)).body).toMatchObject({
      status: 'ACTIVE',
      standing: { endsAt: until, paidUntil: until, revision: 2 },
    });
    expect((await world.check(node.instanceId, { secret: node.secret })).status).toBe(200);
    // An earlier moment shortens nothing.
    expect((await extend(licenseId, at(10))).body.standing.endsAt).toBe(until);
    expect((await auditOf(licenseId)).filter(({ action }) => action === 'license.renewed')).toHaveLength(1);
  });

  test('is not where there is none, where it is over for good, and for what is not later', async () => {
    const { licenseId } = await world.issue();
    expect((await extend(licenseId, at(-1))).body.code).toBe('INVALID_LICENSE_CHECK_REQUEST');
    await standing(licenseId, { standing: 'terminated', revision: 2 });
    expect((await extend(licenseId, at(1))).body.code).toBe('SUBSCRIPTION_NOT_ACTIVE');
    await world.putPlan('FOREVER', { perpetual: {} });
    const perpetual = { updatesFrom: '2026-01-01', years: 1, price: { amount: 100_000, currency: 'EUR' } };
    const bought = await world.issue({ plan: 'FOREVER', perpetual });
    expect((await extend(bought.licenseId, at(1))).body.code).toBe('INVALID_LICENSE_CHECK_REQUEST');
  });
});

describe('L77: the audit log', () => {
  const account = `acc_${randomUUID().slice(0, 8)}`;

  test('has every change with who, what before, what after and the request, and keeps what it has', async () => {
    const { licenseId, licenseKey } = await world.issue({ account, seats: 4 });
    const { body: node } = await world.activate(licenseKey);
    const collection = database.collection('audit');
    const all = () => collection.find().sort({ _id: 1 }).toArray();
    const member = { account, role: 'admin' as const, sub: 'mem_42' };
    const name = `p-${randomUUID().slice(0, 8)}`;
    const rotated = () => world.me(member, 'POST', `/licenses/${licenseId}/key/rotate`, undefined, idempotent());
    const entitlements = (revision: number) => ({ revision, plan: 'MAKER', seats: 3 });

    const changes: [string, string, () => Promise<{ status: number; headers: Headers }>][] = [
      ['product.registered', 'control-plane', () => world.admin('PUT', `/products/${name}`, { name })],
      ['product.registered', 'control-plane', () => world.admin('PUT', `/products/${name}`, { name: 'renamed' })],
      [
        'plan.changed',
        'control-plane',
        () => world.admin('PUT', `/products/${name}/plans/A`, { name: 'A', limits: {} }),
      ],
      [
        'plan.changed',
        'control-plane',
        () => world.admin('PUT', `/products/${name}/plans/A`, { name: 'A', limits: { x: 1 } }),
      ],
      [
        'release.registered',
        'control-plane',
        () => world.admin('PUT', `/products/${name}/releases/1.0.0`, { releasedOn: '2026-01-01' }),
      ],
      ['license.standing', 'control-plane', () => standing(licenseId, { standing: 'past_due', revision: 2 })],
      [
        'license.plan-changed',
        'control-plane',
        () => world.admin('POST', `/licenses/${licenseId}/entitlements`, entitlements(1)),
      ],
      [
        'license.suspended',
        'control-plane',
        () => world.admin('POST', `/licenses/${licenseId}/suspend`, { reason: 'x' }),
      ],
      ['license.reinstated', 'control-plane', () => world.admin('POST', `/licenses/${licenseId}/reinstate`)],
      [
        'license.renewed',
        'control-plane',
        () => world.admin('POST', `/licenses/${licenseId}/extend`, { until: '2099-01-01T00:00:00Z' }, idempotent()),
      ],
      [
        'license.key-rotated',
        'control-plane',
        () => world.admin('POST', `/licenses/${licenseId}/rotate-key`, {}, idempotent()),
      ],
      ['license.key-rotated', 'member:mem_42', rotated],
      [
        'enrolment.issued',
        'control-plane',
        () => world.admin('POST', '/enrollments', { licenseId, nodeName: 'n', generation: 1 }),
      ],
      ['enrolment.up-ended', 'control-plane', () => world.admin('POST', '/enrollments/up-ended', { licenseId })],
      ['enrolment.closed', 'control-plane', () => world.admin('POST', '/enrollments/close', { licenseId })],
      ['seat.released', 'member:mem_42', () => world.me(member, 'POST', `/instances/${node.instanceId}/deactivate`)],
      [
        'license.transferred',
        'control-plane',
        () =>
          world.admin(
            'POST',
            `/licenses/${licenseId}/transfer`,
            { account: 'acc_next', rotateKey: false },
            idempotent(),
          ),
      ],
      ['license.revoked', 'control-plane', () => world.admin('POST', `/licenses/${licenseId}/revoke`, { reason: 'x' })],
    ];
    for (const [action, actor, change] of changes) {
      const before = await all();
      const { status, headers } = await change();
      expect([action, status]).toEqual([action, 200]);
      const after = await all();
      expect(after.slice(0, before.length)).toEqual(before);
      const added = after.slice(before.length);
      expect(added).toMatchObject([{ action, actor, requestId: headers.get('Request-Id') }]);
      expect(added[0]!.at).toBeInstanceOf(Date);
      expect(added[0]!.before !== null || added[0]!.after !== null).toBe(true);
    }
  });

  test('names the operator that a call names, and refuses what is no name', async () => {
    const { licenseId } = await world.issue();
    const as = (operator: string) =>
      world.admin('POST', `/licenses/${licenseId}/suspend`, { reason: 'misuse' }, { Operator: operator });
    for (const bad of ['a b', '$ne', 'x'.repeat(255)]) expect((await as(bad)).status).toBe(400);
    expect((await as('sales+ada@example.org')).status).toBe(200);
    await world.admin('POST', `/licenses/${licenseId}/reinstate`);
    expect((await auditOf(licenseId)).map(({ action, actor }) => [action, actor]).slice(1)).toEqual([
      ['license.suspended', 'operator:sales+ada@example.org'],
      ['license.reinstated', 'control-plane'],
    ]);
  });

  test('is read page by page, of one licence and of all', async () => {
    const { licenseId } = await world.issue();
    for (let revision = 2; revision < 8; revision += 1) await standing(licenseId, { standing: 'current', revision });
    const whole = await auditOf(licenseId);
    expect(whole).toHaveLength(7);
    const seen: AuditEntry[] = [];
    for (let after: string | null = ''; after !== null; ) {
      const path: string = `/audit?licenseId=${licenseId}&limit=3&after=${after}`;
      const { body } = await world.admin<{ entries: AuditEntry[]; next: string | null }>('GET', path);
      expect(body.entries.length).toBeLessThanOrEqual(3);
      seen.push(...body.entries);
      after = body.next;
    }
    expect(seen).toEqual(whole);
    const everything = (await world.admin<{ entries: AuditEntry[] }>('GET', '/audit')).body.entries;
    expect(new Set(everything.map((entry) => entry.licenseId)).size).toBeGreaterThan(1);
    expect((await world.admin('GET', '/audit?after=zzz')).status).toBe(400);
  });
});

test('a licence that was issued for an account shows it, and one that was not has none', async () => {
  expect((await world.issue({ account: 'acc_seen' })).account).toBe('acc_seen');
  expect((await world.issue()).account).toBeNull();
  const request = { product, plan: 'MAKER', externalRef: 'x', standing: { standing: 'current', revision: 1 } };
  for (const account of ['', 'a b', { $ne: '' }, 'x'.repeat(65)]) {
    expect((await world.admin('POST', '/licenses', { ...request, account }, idempotent())).status).toBe(400);
  }
});
