import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type LicenceWorld, product, startLicenceWorld } from './support/licence-server.ts';
import { until } from './support/node.ts';

let world: LicenceWorld;
beforeAll(async () => {
  world = await startLicenceWorld();
});
afterAll(() => world.stop());

const times = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('activation', () => {
  test('L1: a valid key and a free seat give an instance id, a secret and a verdict that verifies', async () => {
    const licence = await world.issue();
    const activationId = randomUUID();
    const { status, body } = await world.activate(licence.licenseKey, { activationId, nonce: 'nonce-nonce' });
    expect(status).toBe(201);
    const claims = await world.claimsOf(body.license);
    expect(claims).toMatchObject({
      sub: body.instanceId,
      jti: activationId,
      nonce: 'nonce-nonce',
      aud: product,
      seq: 0,
      lic: { id: licence.licenseId, status: 'ACTIVE', plan: 'MAKER' },
    });
    expect((await world.view(licence.licenseId)).seats.production).toEqual({ limit: 1, used: 1 });
  });

  test('L2: the same activationId before the first check gets the same answer and one seat', async () => {
    const licence = await world.issue({ seats: 3 });
    const same = { activationId: randomUUID(), node: { name: 'n1' } };
    const first = await world.activate(licence.licenseKey, same);
    const again = await world.activate(licence.licenseKey, same);
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.headers.get('Idempotent-Replay')).toBe('true');
    expect([again.body.instanceId, again.body.secret]).toEqual([first.body.instanceId, first.body.secret]);
    expect((await world.view(licence.licenseId)).seats.production.used).toBe(1);

    await world.check(first.body.instanceId, { secret: first.body.secret });
    const late = await world.activate(licence.licenseKey, same);
    expect([late.status, late.body.code]).toEqual([409, 'ALREADY_ACTIVATED']);
  });

  test('L2: the same activationId fifty times at once is one activation', async () => {
    const licence = await world.issue({ seats: 3 });
    const same = { activationId: randomUUID(), node: { name: 'n1' } };
    const replies = await Promise.all(times(50).map(() => world.activate(licence.licenseKey, same)));
    expect(new Set(replies.map(({ body }) => body.secret)).size).toBe(1);
    expect(replies.filter(({ status }) => status === 201)).toHaveLength(1);
    expect((await world.view(licence.licenseId)).seats.production.used).toBe(1);
  });

  test('L3: two clients and one seat: exactly one wins, again and again', async () => {
    const outcomes = [];
    for (const _ of times(25)) {
      const licence = await world.issue();
      const replies = await Promise.all([world.activate(licence.licenseKey), world.activate(licence.licenseKey)]);
      outcomes.push(replies.map(({ status }) => status).sort());
      expect(replies.find(({ status }) => status === 403)?.body.code).toBe('ACTIVE_INSTANCES_CAPACITY_EXCEEDED');
      expect((await world.view(licence.licenseId)).seats.production.used).toBe(1);
    }
    expect(outcomes).toEqual(times(25).map(() => [201, 403]));
  });

  test('L4: fifty at once on five seats, over two servers: five win, nothing pending keeps a seat', async () => {
    const here = world.url();
    const second = await world.start();
    const licence = await world.issue({ seats: 5 });
    const replies = await Promise.all(
      times(50).map((index) => world.activate(licence.licenseKey, {}, index % 2 ? here : second.url)),
    );
    expect(replies.filter(({ status }) => status === 201)).toHaveLength(5);
    expect(replies.filter(({ status }) => status === 403)).toHaveLength(45);
    const view = await world.view(licence.licenseId);
    expect(view.seats.production.used).toBe(5);
    expect(view.activations.map(({ status, holdsSeat }) => [status, holdsSeat])).toEqual(
      times(5).map(() => ['active', true]),
    );
  });

  test('L7, L10: unknown key and key of another product are refused alike', async () => {
    await world.putPlan('BASIC', {}, 'other-product');
    const other = await world.issue({ product: 'other-product', plan: 'BASIC' });
    const gone = await world.issue();
    const replies = await Promise.all([
      world.activate(other.licenseKey),
      world.activate(gone.licenseKey, { product: 'other-product' }),
    ]);
    const shapes = replies.map(({ status, body }) => ({ status, ...body, requestId: '' }));
    expect(shapes[0]).toEqual(shapes[1]);
    expect(shapes[0]).toMatchObject({ status: 401, code: 'INVALID_LICENSE_SECRET', num: 101 });
  });

  test('L8: a key with one wrong character is refused by its checksum', async () => {
    const { licenseKey } = await world.issue();
    const wrong = licenseKey.slice(0, 5) + (licenseKey[5] === '2' ? '3' : '2') + licenseKey.slice(6);
    expect((await world.activate(wrong)).body.code).toBe('INVALID_LICENSE_SECRET');
  });

  test('L9: a key with spaces, quotes and lower case is accepted', async () => {
    const { licenseKey } = await world.issue();
    const typed = ` "${licenseKey.toLowerCase().replaceAll('-', ' ')}" `;
    expect((await world.activate(typed)).status).toBe(201);
  });

  test('L11: a licence that is not paid says so, and works once it is', async () => {
    const licence = await world.issue({
      standing: { standing: 'pending', revision: 0, paidUntil: null, endsAt: null },
    });
    const refused = await world.activate(licence.licenseKey);
    expect([refused.status, refused.body.code]).toEqual([403, 'SUBSCRIPTION_NOT_ACTIVE']);
    expect(refused.body.detail).toMatch(/pay the invoice/);
    await world.admin('POST', `/licenses/${licence.licenseId}/standing`, { standing: 'current', revision: 1 });
    expect((await world.activate(licence.licenseKey)).status).toBe(201);
  });

  test('L12: suspended, ended and revoked licences each say what they are', async () => {
    const details = [];
    for (const standing of ['suspended', 'terminated', 'refunded'] as const) {
      const licence = await world.issue({ standing: { standing, revision: 1, paidUntil: null, endsAt: null } });
      const { status, body } = await world.activate(licence.licenseKey);
      expect([status, body.code]).toEqual([403, 'SUBSCRIPTION_NOT_ACTIVE']);
      details.push(body.detail);
    }
    expect(new Set(details).size).toBe(3);
  });

  test('L13: production and development seats are counted apart', async () => {
    const licence = await world.issue({ seats: 1, developmentSeats: 1 });
    await world.activate(licence.licenseKey);
    expect((await world.activate(licence.licenseKey, { mode: 'production' })).status).toBe(403);
    expect((await world.activate(licence.licenseKey, { mode: 'development' })).status).toBe(201);
  });
});

describe('seats that change hands', () => {
  test('L14: the same node takes over its own seat; hosts that fight over one name are stopped', async () => {
    const licence = await world.issue();
    const node = { name: 'pod-1', clusterId: 'c1' };
    const first = await world.activate(licence.licenseKey, { node });
    const second = await world.activate(licence.licenseKey, { node });
    expect(second.status).toBe(201);
    const old = await world.check(first.body.instanceId, { secret: first.body.secret });
    expect([old.status, old.body.code]).toEqual([403, 'INSTANCE_NOT_ACTIVE']);
    expect((await world.claimsOf(old.body.verdict)).refusal).toMatchObject({ num: 108, cause: 'replaced' });

    expect((await world.activate(licence.licenseKey, { node })).status).toBe(201);
    expect((await world.activate(licence.licenseKey, { node })).status).toBe(201);
    const fight = await world.activate(licence.licenseKey, { node });
    expect([fight.status, fight.body.code]).toEqual([409, 'SEAT_FLAPPING']);
    expect((await world.view(licence.licenseId)).seats.production.used).toBe(1);
    // Same name in another cluster is another node.
    expect((await world.activate(licence.licenseKey, { node: { ...node, clusterId: 'c2' } })).status).toBe(403);
  });

  test('L16: a released seat is used again, and releasing twice is fine', async () => {
    const licence = await world.issue();
    const { body } = await world.activate(licence.licenseKey);
    const path = `/v1/instances/${body.instanceId}/release`;
    expect((await world.call('POST', path, { secret: body.secret })).status).toBe(204);
    expect((await world.call('POST', path, { secret: body.secret })).status).toBe(204);
    expect((await world.activate(licence.licenseKey)).status).toBe(201);
    expect((await world.view(licence.licenseId)).seats.production.used).toBe(1);
  });

  test('L17: after its lease another node wins the seat, and the old one is told so', async () => {
    await world.putPlan('SHORT', { leaseSec: 1 });
    const licence = await world.issue({ plan: 'SHORT' });
    const old = await world.activate(licence.licenseKey);
    expect((await world.activate(licence.licenseKey)).status).toBe(403);
    await until('the seat is won', async () => (await world.activate(licence.licenseKey)).status === 201);
    const late = await world.check(old.body.instanceId, { secret: old.body.secret });
    expect([late.status, late.body.code]).toEqual([403, 'INSTANCE_NOT_ACTIVE']);
    expect((await world.claimsOf(late.body.verdict)).refusal?.cause).toBe('expired');
  });

  test('L17: a check and an eviction at the same instant: exactly one wins and the count is right', async () => {
    await world.putPlan('SHORT', { leaseSec: 1 });
    const race = async () => {
      const licence = await world.issue({ plan: 'SHORT' });
      const old = await world.activate(licence.licenseKey);
      const leaseUntil = Date.parse((await world.view(licence.licenseId)).activations[0]?.leaseUntil ?? '');
      await until('the lease is over', () => Date.now() > leaseUntil);
      const [checked, taken] = await Promise.all([
        world.check(old.body.instanceId, { secret: old.body.secret }),
        world.activate(licence.licenseKey),
      ]);
      return [checked.status, taken.status, (await world.view(licence.licenseId)).seats.production.used];
    };
    for (const outcome of await Promise.all(times(10).map(race))) {
      expect([
        [200, 403, 1],
        [403, 201, 1],
      ]).toContainEqual(outcome);
    }
  });

  test('L18: a deactivated node is told so by a signed verdict, and may be activated anew', async () => {
    const licence = await world.issue();
    const { body } = await world.activate(licence.licenseKey);
    expect((await world.admin('POST', `/instances/${body.instanceId}/deactivate`)).body.status).toBe('deactivated');
    const refused = await world.check(body.instanceId, { secret: body.secret });
    expect(refused.status).toBe(403);
    expect((await world.claimsOf(refused.body.verdict)).refusal).toMatchObject({ num: 108, cause: 'deactivated' });
    expect((await world.activate(licence.licenseKey)).status).toBe(201);
  });

  test('L19, L36: more seats and a new plan work at once and show at the next check', async () => {
    await world.putPlan('GROW', { limits: { plugins: 3, users: 1 }, addOns: { users: { limits: { users: 1 } } } });
    const licence = await world.issue();
    const { body } = await world.activate(licence.licenseKey);
    expect((await world.activate(licence.licenseKey)).status).toBe(403);
    const push = { revision: 1, plan: 'GROW', seats: 3, addOns: { users: 4 } };
    const pushed = await world.admin('POST', `/licenses/${licence.licenseId}/entitlements`, push);
    expect(pushed.body).toMatchObject({ planRev: 2, limits: { plugins: 3, users: 5 } });
    await world.admin('POST', `/licenses/${licence.licenseId}/entitlements`, { ...push, seats: 1 });
    expect((await world.activate(licence.licenseKey)).status).toBe(201);
    expect((await world.activate(licence.licenseKey)).status).toBe(201);

    const checked = await world.check(body.instanceId, { secret: body.secret });
    expect(checked.body.planChanged).toBe(true);
    const claims = await world.claimsOf(checked.body.license);
    expect(claims).toMatchObject({ lic: { plan: 'GROW', planRev: 2 }, limits: { plugins: 3, users: 5 } });
    const next = await world.check(body.instanceId, { secret: checked.body.secret });
    expect(next.body.planChanged).toBe(false);
  });

  test('L36: new plan data reach the licences of the plan', async () => {
    await world.putPlan('DATA', { limits: { plugins: 1 } });
    const licence = await world.issue({ plan: 'DATA' });
    const { body } = await world.activate(licence.licenseKey);
    await world.putPlan('DATA', { limits: { plugins: 2 } });
    await world.putPlan('DATA', { limits: { plugins: 2 } });
    const checked = await world.check(body.instanceId, { secret: body.secret });
    expect(checked.body.planChanged).toBe(true);
    const claims = await world.claimsOf(checked.body.license);
    expect(claims).toMatchObject({ limits: { plugins: 2 }, lic: { planRev: 2 } });
  });

  test('L20: fewer seats than nodes: all go on with a notice, none is added', async () => {
    const licence = await world.issue({ seats: 3 });
    const nodes = await Promise.all(times(3).map(() => world.activate(licence.licenseKey)));
    await world.admin('POST', `/licenses/${licence.licenseId}/entitlements`, { revision: 1, plan: 'MAKER', seats: 1 });
    for (const { body } of nodes) {
      const checked = await world.check(body.instanceId, { secret: body.secret });
      expect([checked.status, checked.body.notices.map(({ code }) => code)]).toEqual([200, ['OVER_LIMIT']]);
    }
    expect((await world.activate(licence.licenseKey)).body.code).toBe('ACTIVE_INSTANCES_CAPACITY_EXCEEDED');
  });
});
