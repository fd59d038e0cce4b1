import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { AuditEntry } from '../../src/licence/protocol/admin.ts';
import type { PortalLicence } from '../../src/licence/protocol/portal.ts';
import { Refusal } from '../../src/licence/server/refusal.ts';
import type { Money, SeatOrder, SeatSeller } from '../../src/licence/server/seats/seat-seller.ts';
import { startInProcess } from './support/in-process.ts';
import { type LicenceWorld, startLicenceWorld } from './support/licence-server.ts';

/** Seats that a member adds or removes in the portal, with a fake seller. */

/** A fake seller: 10.00 per seat, paid once per key. */
function createFakeSeller() {
  const fake = {
    paid: new Map<string, Money>(),
    perSeat: 1000,
    /** Thrown instead of the next sale, before or after the money moved. */
    failure: null as null | { error: Error; afterPayment: boolean },
    priceOf: ({ from, to }: SeatOrder) => ({
      dueNow: { amount: (to - from) * fake.perSeat, currency: 'EUR' },
      perPeriod: { amount: to * fake.perSeat, currency: 'EUR' },
    }),
  };
  const seller: SeatSeller = {
    price: async (order) => fake.priceOf(order),
    async sell(_order, { key, dueNow }) {
      const { failure } = fake;
      fake.failure = null;
      if (failure && !failure.afterPayment) throw failure.error;
      fake.paid.set(key, fake.paid.get(key) ?? dueNow);
      if (failure) throw failure.error;
    },
  };
  return { fake, seller, paid: fake.paid };
}

let world: LicenceWorld;
let server: Awaited<ReturnType<typeof startInProcess>>;
let money: ReturnType<typeof createFakeSeller>;

beforeAll(async () => {
  world = await startLicenceWorld();
});
afterAll(() => world?.stop());
beforeEach(async () => {
  money = createFakeSeller();
  server = await startInProcess(world, money);
});
afterEach(() => server?.stop());

const payer = { role: 'payer' as const, sub: 'mem_payer' };

async function sold(seats = 1) {
  const account = `acc_${randomUUID().slice(0, 8)}`;
  const { licenseId, licenseKey } = await world.issue({ account, seats });
  const ask = <T>(path: string, body: unknown, key: string = randomUUID()) =>
    world.me<T>(
      { account, ...payer },
      'POST',
      `/licenses/${licenseId}/seats${path}`,
      body,
      { 'Idempotency-Key': key },
      server.url,
    );
  return {
    licenseId,
    licenseKey,
    preview: async (wanted: number) =>
      (await ask<{ seats: number; planRev: number; dueNow: Money; perPeriod: Money }>('/preview', { seats: wanted }))
        .body,
    change: (body: { seats: number; planRev: number; dueNow: Money }, key?: string) =>
      ask<PortalLicence & { code?: string; detail?: string }>('', body, key),
    push: (wanted: number) =>
      world.admin<{ code?: string }>(
        'POST',
        `/licenses/${licenseId}/entitlements`,
        { revision: 1, plan: 'MAKER', seats: wanted },
        {},
        server.url,
      ),
    audit: async () =>
      (await world.admin<{ entries: AuditEntry[] }>('GET', `/audit?licenseId=${licenseId}`)).body.entries.filter(
        ({ action }) => action === 'license.plan-changed',
      ),
  };
}

const request = ({ seats, planRev, dueNow }: { seats: number; planRev: number; dueNow: Money }) => ({
  seats,
  planRev,
  dueNow,
});

describe('seats', () => {
  test('L19: cost what the preview says, and two more nodes can be activated at once, without a restart', async () => {
    const { licenseId, licenseKey, preview, change, audit } = await sold();
    const { body: node } = await world.activate(licenseKey);
    expect((await world.activate(licenseKey)).body.code).toBe('ACTIVE_INSTANCES_CAPACITY_EXCEEDED');
    const offer = await preview(3);
    expect(offer).toMatchObject({ seats: 3, planRev: 1, dueNow: { amount: 2000 }, perPeriod: { amount: 3000 } });
    expect(money.paid.size).toBe(0);
    const changed = await change(request(offer));
    expect(changed).toMatchObject({ status: 200, body: { seats: { production: { limit: 3, used: 1 } }, planRev: 2 } });
    expect([...money.paid.values()]).toEqual([{ amount: 2000, currency: 'EUR' }]);
    expect([(await world.activate(licenseKey)).status, (await world.activate(licenseKey)).status]).toEqual([201, 201]);
    const reported = await world.check(node.instanceId, { secret: node.secret });
    expect(reported.body.planChanged).toBe(true);
    expect(await audit()).toMatchObject([
      { actor: 'member:mem_payer', licenseId, before: { seats: 1 }, after: { seats: 3, dueNow: { amount: 2000 } } },
    ]);
  });

  test('L20: fewer than are in use: nodes go on with a notice, none is added, and the rest comes back', async () => {
    const { licenseKey, preview, change } = await sold(2);
    const nodes = [(await world.activate(licenseKey)).body, (await world.activate(licenseKey)).body];
    const offer = await preview(1);
    expect(offer.dueNow.amount).toBe(-1000);
    expect((await change(request(offer))).status).toBe(200);
    for (const { instanceId, secret } of nodes) {
      const { status, body } = await world.check(instanceId, { secret });
      expect([status, body.notices.map(({ code }) => code)]).toEqual([200, ['OVER_LIMIT']]);
    }
    expect((await world.activate(licenseKey)).body.code).toBe('ACTIVE_INSTANCES_CAPACITY_EXCEEDED');
  });

  test('the same request again changes and costs nothing more', async () => {
    const { preview, change } = await sold();
    const body = request(await preview(2));
    const key = randomUUID();
    const first = await change(body, key);
    expect(await change(body, key)).toMatchObject({ status: 200, body: first.body });
    expect(money.paid.size).toBe(1);
  });

  test('two payers at once: one wins, the other is told to look again, and one payment is made', async () => {
    const { preview, change, audit } = await sold();
    const offers = [await preview(2), await preview(5)];
    const replies = await Promise.all(offers.map((offer) => change(request(offer))));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(replies.find(({ status }) => status === 409)?.body.code).toBe('LICENSE_CHANGED');
    expect(money.paid.size).toBe(1);
    expect(await audit()).toHaveLength(1);
  });

  test('a price that is another one by now is not taken', async () => {
    const { licenseId, preview, change } = await sold();
    const offer = await preview(2);
    money.fake.perSeat = 1500;
    const refused = await change(request(offer));
    expect([refused.status, refused.body]).toMatchObject([
      409,
      { code: 'LICENSE_CHANGED', detail: expect.stringContaining('1500') },
    ]);
    expect(money.paid.size).toBe(0);
    expect((await world.view(licenseId)).seats.production.limit).toBe(1);
  });

  test('a refused payment changes nothing, and the next try is free to go', async () => {
    const { licenseId, preview, change } = await sold();
    const offer = await preview(2);
    money.fake.failure = { error: new Refusal('LICENSE_CHANGED'), afterPayment: false };
    expect((await change(request(offer))).status).toBe(409);
    expect((await world.view(licenseId)).seats.production.limit).toBe(1);
    expect((await change(request(offer))).status).toBe(200);
    expect(money.paid.size).toBe(1);
  });

  test.each([true, false])(
    'an outage in the middle (paid: %s) is made good by the same request, paid once',
    async (afterPayment) => {
      const { licenseId, preview, change } = await sold();
      const offer = await preview(2);
      const key = randomUUID();
      money.fake.failure = { error: new Error('the line broke'), afterPayment };
      expect((await change(request(offer), key)).status).toBe(500);
      expect((await world.view(licenseId)).seats.production.limit).toBe(1);
      expect((await change(request(offer), key)).status).toBe(200);
      expect((await world.view(licenseId)).seats.production.limit).toBe(2);
      expect([...money.paid.keys()]).toEqual([`${licenseId}:${key}`]);
    },
  );

  test('what was cut short is finished before anybody else changes the seats', async () => {
    const { licenseId, preview, change } = await sold();
    const offer = await preview(2);
    money.fake.failure = { error: new Error('the line broke'), afterPayment: true };
    await change(request(offer), 'first-request');
    const other = await change(request({ ...offer, seats: 4, dueNow: { amount: 3000, currency: 'EUR' } }));
    expect(other.body.code).toBe('LICENSE_CHANGED');
    expect((await world.view(licenseId)).seats.production.limit).toBe(2);
    expect([...money.paid.keys()]).toEqual([`${licenseId}:first-request`]);
  });

  test('a seller that says only that it cannot be reached may have been paid, so nobody pays again', async () => {
    const { licenseId, preview, change } = await sold();
    const offer = await preview(2);
    money.fake.failure = { error: new Refusal('SERVICE_UNAVAILABLE'), afterPayment: true };
    expect((await change(request(offer))).body.code).toBe('SERVICE_UNAVAILABLE');
    expect((await change(request(offer))).body.code).toBe('LICENSE_CHANGED');
    expect((await world.view(licenseId)).seats.production.limit).toBe(2);
    expect(money.paid.size).toBe(1);
  });

  test('the same key for two licences pays both', async () => {
    for (const { preview, change } of [await sold(), await sold()]) {
      expect((await change(request(await preview(2)), 'my-request')).status).toBe(200);
    }
    expect(money.paid.size).toBe(2);
  });

  test('an operator who sets the number in the middle of a sale waits for it, and then wins', async () => {
    const { licenseId, preview, change, push } = await sold();
    const offer = await preview(2);
    const key = randomUUID();
    money.fake.failure = { error: new Error('the line broke'), afterPayment: true };
    await change(request(offer), key);
    money.fake.failure = { error: new Error('the line is still broken'), afterPayment: true };
    expect(await push(5)).toMatchObject({ status: 503, body: { code: 'SERVICE_UNAVAILABLE' } });
    expect((await world.view(licenseId)).seats.production.limit).toBe(1);
    expect((await push(5)).status).toBe(200);
    expect((await change(request(offer), key)).status).toBe(200);
    expect((await world.view(licenseId)).seats.production.limit).toBe(5);
    expect(money.paid.size).toBe(1);
  });

  test('are not sold while the licence is not active', async () => {
    const { licenseId, preview, change } = await sold();
    const offer = await preview(2);
    await world.admin('POST', `/licenses/${licenseId}/standing`, { standing: 'suspended', revision: 2 });
    expect((await change(request(offer))).body.code).toBe('SUBSCRIPTION_NOT_ACTIVE');
    expect(money.paid.size).toBe(0);
  });
});
