import { createHmac, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Connection, createConnection } from 'mongoose';
import type { DeliveryList, DeliveryView, WebhookList, WebhookView } from '../../src/licence/protocol/events.ts';
import { until } from '../support/until.ts';
import { type LicenceWorld, startLicenceWorld } from './support/licence-server.ts';
import { isSignedWith, startReceiver } from './support/webhook-receiver.ts';

/** Delays are short here; each has its default in settings.ts. */
const quick = {
  LICENCE_REQUESTS_PER_10S: '100000',
  LICENCE_ACTIVATIONS_PER_HOUR: '100000',
  LICENCE_RELAY_MS: '20',
  LICENCE_SWEEP_MS: '200',
  LICENCE_WEBHOOK_ALLOW_PRIVATE: 'true',
  LICENCE_WEBHOOK_TIMEOUT_MS: '1000',
  LICENCE_WEBHOOK_CLAIM_MS: '500',
  LICENCE_WEBHOOK_FIRST_RETRY_MS: '40',
  LICENCE_WEBHOOK_MAX_RETRY_MS: '200',
  LICENCE_WEBHOOK_SPAN_MS: '1500',
};

let world: LicenceWorld;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let database: Connection;

beforeAll(async () => {
  world = await startLicenceWorld(quick);
  receiver = await startReceiver();
  database = await createConnection(world.database.uri).asPromise();
});
afterAll(async () => {
  await receiver?.stop();
  await database?.close();
  await world?.stop();
});
beforeEach(async () => {
  receiver.answerWith((_, response) => void response.writeHead(204).end());
  for (const { webhookId } of (await admin<WebhookList>('GET', '/webhooks')).webhooks) {
    await world.admin('DELETE', `/webhooks/${webhookId}`);
  }
});

const admin = async <T>(method: string, path: string, body?: unknown, headers = {}) => {
  const reply = await world.admin<T>(method, path, body, headers);
  if (reply.status >= 300) throw new Error(JSON.stringify(reply.body));
  return reply.body;
};
const create = (more: Record<string, unknown> = {}, key: string = randomUUID()) =>
  admin<WebhookView & { secret: string }>(
    'POST',
    '/webhooks',
    { url: receiver.url(), ...more },
    { 'Idempotency-Key': key },
  );
const deliveries = async (query: string) =>
  (await admin<DeliveryList>('GET', `/webhook-deliveries?${query}`)).deliveries;
const ended = (webhookId: string, status: string, count = 1) =>
  until(async () => (await deliveries(`webhookId=${webhookId}&status=${status}`)).length >= count, {
    what: `${count} deliveries are ${status}`,
    limitMs: 50_000,
  });

const firstOf = (licenseId: string) =>
  until(() => receiver.of(licenseId)[0], { what: 'an event came', limitMs: 50_000 });

describe('an event', () => {
  test('is signed as Standard Webhooks says, and names licence, product and reference', async () => {
    const { secret } = await create();
    const { licenseId } = await world.issue({ externalRef: 'i-signed' });
    const first = await firstOf(licenseId);
    await until(() => receiver.of(licenseId).length >= 2, { what: 'both events came', limitMs: 50_000 });
    expect(receiver.typesOf(licenseId).sort()).toEqual(['license.activated', 'license.created']);
    expect(first.body.data).toMatchObject({ licenseId, product: 'freehold-server', externalRef: 'i-signed' });
    expect(isSignedWith(secret, first)).toBe(true);
    expect(isSignedWith(`whsec_${Buffer.alloc(32).toString('base64')}`, first)).toBe(false);
    // The same by hand, from the text of the specification.
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = first.headers;
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${first.raw}`).digest('base64');
    expect(signature).toBe(`v1,${expected}`);
    expect(id).toMatch(/^evt_/);
    expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(60);
  });

  test('is told of each thing that becomes of a licence and its nodes', async () => {
    await create();
    const { licenseId, licenseKey } = await world.issue({
      seats: 2,
      standing: { standing: 'pending', revision: 1, paidUntil: null, endsAt: null },
    });
    const push = (revision: number, standing: string, paidUntil: string | null = null) =>
      admin('POST', `/licenses/${licenseId}/standing`, { revision, standing, paidUntil });
    await push(2, 'current', '2040-01-01T00:00:00Z');
    await push(3, 'past_due', '2040-01-01T00:00:00Z');
    await push(4, 'suspended', '2040-01-01T00:00:00Z');
    await push(5, 'current', '2040-01-01T00:00:00Z');
    await push(6, 'current', '2040-02-01T00:00:00Z');
    // An outdated standing changes nothing and emits nothing.
    await push(4, 'suspended');
    const one = (await world.activate(licenseKey, { node: { name: 'one' } })).body;
    const two = (await world.activate(licenseKey, { node: { name: 'two' } })).body;
    await world.check(one.instanceId, { secret: one.secret });
    for (const _ of [1, 2]) expect((await world.activate(licenseKey)).status).toBe(403);
    await admin('POST', `/licenses/${licenseId}/entitlements`, { revision: 1, plan: 'MAKER', seats: 1 });
    await world.call('POST', `/v1/instances/${two.instanceId}/release`, { secret: two.secret });
    await admin('POST', `/licenses/${licenseId}/revoke`, { reason: 'undone' });
    const expected = [
      'instance.first-seen',
      'license.activated',
      'license.created',
      'license.plan-changed',
      'license.reinstated',
      'license.renewed',
      'license.revoked',
      'license.suspended',
      'seat.claimed',
      'seat.claimed',
      'seat.limit-exceeded',
      'seat.over-limit',
      'seat.released',
      'seat.released',
    ];
    await until(() => receiver.of(licenseId).length >= expected.length, { what: 'all events came', limitMs: 50_000 });
    expect(receiver.typesOf(licenseId).sort()).toEqual(expected);
    const released = receiver.of(licenseId).filter(({ body }) => body.type === 'seat.released');
    expect(released.map(({ body }) => [body.data.instanceId, body.data.details.how]).sort()).toEqual(
      [
        [one.instanceId, 'revoked'],
        [two.instanceId, 'released'],
      ].sort(),
    );
    // Moved, not copied: no outbox keeps a relayed event.
    for (const collection of ['licences', 'activations']) {
      expect(await database.collection(collection).countDocuments({ 'outbox.at': { $gt: new Date(0) } })).toBe(0);
    }
  });

  test('is told of what operators and members decide themselves', async () => {
    await create();
    const account = `acc_${randomUUID().slice(0, 8)}`;
    const { licenseId, licenseKey } = await world.issue({ account });
    await admin('POST', `/licenses/${licenseId}/suspend`, { reason: 'asked for' });
    await admin('POST', `/licenses/${licenseId}/reinstate`);
    const until2040 = { until: '2040-01-01T00:00:00.000Z' };
    await admin('POST', `/licenses/${licenseId}/extend`, until2040, { 'Idempotency-Key': randomUUID() });
    const { body } = await world.activate(licenseKey);
    const { instanceId } = body;
    const first = await world.check(instanceId, { secret: body.secret });
    const copy = { secret: body.secret, bootId: 'boot-2' };
    expect((await world.check(instanceId, copy)).status).toBe(409);
    await world.check(instanceId, { secret: first.body.secret });
    const kept = await world.me({ account }, 'POST', `/instances/${instanceId}/keep`, { keep: 'running' });
    expect(kept.status).toBe(200);
    const expected = [
      'clone.resolved',
      'clone.suspected',
      'instance.first-seen',
      'license.activated',
      'license.created',
      'license.reinstated',
      'license.renewed',
      'license.suspended',
      'seat.claimed',
    ];
    await until(() => receiver.of(licenseId).length >= expected.length, { what: 'all events came', limitMs: 50_000 });
    expect(receiver.typesOf(licenseId).sort()).toEqual(expected);
  });

  test('is told of copies, and of versions that are not covered', async () => {
    await create({ events: ['clone.suspected', 'clone.resolved', 'version.refused'] });
    await world.putPlan('PERPETUAL', { perpetual: {} });
    await world.admin('PUT', '/products/freehold-server/releases/1.0.0', { releasedOn: '2021-01-01' });
    await world.admin('PUT', '/products/freehold-server/releases/2.0.0', { releasedOn: '2031-01-01' });
    const perpetual = { updatesFrom: '2021-01-01', years: 1, price: { amount: 1, currency: 'EUR' } };
    const { licenseId, licenseKey } = await world.issue({ plan: 'PERPETUAL', perpetual } as never);
    const node = { name: 'n1' };
    for (const _ of [1, 2]) await world.activate(licenseKey, { version: '2.0.0', node });
    const { body } = await world.activate(licenseKey, { node });
    const { instanceId } = body;
    const first = await world.check(instanceId, { secret: body.secret });
    await world.check(instanceId, { secret: first.body.secret, version: '2.0.0' });
    const copy = { secret: body.secret, bootId: 'boot-2' };
    for (const _ of [1, 2]) expect((await world.check(instanceId, copy)).status).toBe(409);
    const recovered = await world.call('POST', `/v1/instances/${instanceId}/recover`, {
      licenseKey,
      requestId: randomUUID(),
      node,
    });
    expect(recovered.status).toBe(200);
    const expected = ['clone.resolved', 'clone.suspected', 'version.refused', 'version.refused'];
    await until(() => receiver.of(licenseId).length >= expected.length, { what: 'all events came', limitMs: 50_000 });
    expect(receiver.typesOf(licenseId).sort()).toEqual(expected);
  });

  test('is not lost when the process dies before it could tell', async () => {
    const { secret } = await create();
    await world.server().kill('SIGKILL');
    // This server changes the licence, but never relays.
    await world.start({ LICENCE_RELAY_MS: '1000000' });
    const { licenseId } = await world.issue();
    await world.server().kill('SIGKILL');
    expect(receiver.of(licenseId)).toEqual([]);
    await world.start();
    await until(() => receiver.of(licenseId).length >= 2, { what: 'both events came after all', limitMs: 50_000 });
    expect(receiver.of(licenseId).every((one) => isSignedWith(secret, one))).toBe(true);
  });

  test('is delivered once for each endpoint that wants it, however many servers there are', async () => {
    const all = await create({ url: receiver.url('/all') });
    const created = await create({ url: receiver.url('/created'), events: ['license.created'] });
    // A claim outlasts every stall of a busy machine here, so that a second delivery would be a fault.
    const patient = { LICENCE_WEBHOOK_TIMEOUT_MS: '20000', LICENCE_WEBHOOK_CLAIM_MS: '60000' };
    await world.server().kill('SIGKILL');
    const servers = [await world.start(patient), await world.start(patient), await world.start(patient)];
    try {
      // Slow, so that the servers compete for the same deliveries.
      receiver.answerWith((_, response) => void setTimeout(() => response.writeHead(200).end(), 50));
      const issued = await Promise.all(Array.from({ length: 20 }, () => world.issue()));
      const ids = new Set(issued.map(({ licenseId }) => licenseId));
      await ended(all.webhookId, 'delivered', 40);
      await ended(created.webhookId, 'delivered', 20);
      const came = receiver.received.filter(({ body }) => ids.has(body.data.licenseId));
      expect(came.filter(({ path }) => path === '/all')).toHaveLength(40);
      expect(came.filter(({ path }) => path === '/created')).toHaveLength(20);
      expect(new Set(came.map(({ id }) => id)).size).toBe(40);
    } finally {
      for (const server of servers) await server.kill('SIGKILL');
      await world.start();
    }
  }, 120_000);
});

describe('news that cannot be told', () => {
  const claims = () => database.collection<{ _id: string }>('claims');
  const claimed = () => ({ type: 'claim.completed', key: '', at: new Date(), details: {} });
  const row = () => {
    const _id = randomUUID();
    return { _id, userCode: _id };
  };
  const put = (licenceId: string, outbox: unknown) => claims().insertOne({ ...row(), licenceId, outbox } as never);
  afterEach(() => claims().deleteMany({}));

  test('for their licence is gone are logged, and those of others are told', async () => {
    await create();
    await put('lic_of_nobody', [claimed()]);
    const { licenseId } = await world.issue();
    await put(licenseId, [claimed()]);
    const both = ['claim.completed', 'license.created'] as const;
    await until(() => both.every((type) => receiver.typesOf(licenseId).includes(type)), {
      what: 'the news after it came',
      limitMs: 50_000,
    });
    expect(world.server().output()).toContain('lic_of_nobody');
  });

  test.each([
    ['whose licences are gone', () => ({ licenceId: 'lic_of_nobody', outbox: [claimed()] })],
    ['that cannot be read', () => ({ licenceId: 'lic_of_nobody', outbox: [{ at: new Date() }] })],
  ])('150 documents %s keep nobody else waiting', async (_, poison) => {
    await create({ events: ['claim.completed'] });
    const rows = Array.from({ length: 150 }, () => ({ ...row(), ...poison() }));
    await claims().insertMany(rows);
    const { licenseId } = await world.issue();
    await put(licenseId, [claimed()]);
    await until(() => receiver.typesOf(licenseId).includes('claim.completed'), {
      what: 'the news behind them came',
      limitMs: 50_000,
    });
  });

  test('at all keep no delivery from being made', async () => {
    const { webhookId } = await create({ events: ['license.created'] });
    const { licenseId } = await world.issue();
    await ended(webhookId, 'delivered');
    await put(licenseId, [{ at: new Date() }]);
    const said = () => world.server().output().includes('the outbox of a document was not moved');
    await until(said, { what: 'it is told that they wait', limitMs: 50_000 });
    const [made] = await deliveries(`webhookId=${webhookId}`);
    await admin('POST', `/webhook-deliveries/${made?.deliveryId}/redeliver`);
    await until(() => receiver.of(licenseId).length === 2, { what: 'it was delivered again', limitMs: 50_000 });
  });
});

describe('a delivery', () => {
  test('that fails is tried again under the same id until it works', async () => {
    const { webhookId } = await create({ events: ['license.created'] });
    let failures = 3;
    receiver.answerWith((_, response) => void response.writeHead(failures-- > 0 ? 500 : 200).end());
    const { licenseId } = await world.issue();
    await ended(webhookId, 'delivered');
    expect(new Set(receiver.of(licenseId).map(({ id }) => id)).size).toBe(1);
    expect(await deliveries(`webhookId=${webhookId}`)).toMatchObject([
      { status: 'delivered', attempts: 4, lastOutcome: '200', nextAt: null, licenseId },
    ]);
  });

  test('that never works ends as dead, and can be sent again, alone and with all others', async () => {
    const { webhookId } = await create({ events: ['license.created'] });
    receiver.answerWith((_, response) => void response.writeHead(503).end());
    const issued = [await world.issue(), await world.issue()];
    await ended(webhookId, 'dead', 2);
    const dead = await deliveries(`webhookId=${webhookId}&status=dead`);
    expect(dead.map(({ lastOutcome }) => lastOutcome)).toEqual(['503', '503']);
    expect(dead[0]?.attempts).toBeGreaterThan(3);

    receiver.answerWith((_, response) => void response.writeHead(200).end());
    const again = await admin<DeliveryView>('POST', `/webhook-deliveries/${dead[0]?.deliveryId}/redeliver`);
    expect(again).toMatchObject({ status: 'pending' });
    await ended(webhookId, 'delivered', 1);
    expect(await admin('POST', `/webhooks/${webhookId}/redeliver-dead`)).toEqual({ redelivered: 1 });
    await ended(webhookId, 'delivered', 2);
    for (const { licenseId } of issued) {
      expect(new Set(receiver.of(licenseId).map(({ id }) => id)).size).toBe(1);
    }
    const unknown = 'evt_0000000000000000.whk_0000000000000000';
    expect((await world.admin('POST', `/webhook-deliveries/${unknown}/redeliver`)).body.code).toBe('NO_SUCH_DELIVERY');
  });

  test('that a killed server had under way is made by another one, under the same id', async () => {
    const { webhookId } = await create({ events: ['license.created'] });
    let held = 0;
    receiver.answerWith(() => {
      held += 1;
    });
    const { licenseId } = await world.issue();
    await until(() => held === 1, { what: 'the delivery is under way' });
    await world.server().kill('SIGKILL');
    receiver.answerWith((_, response) => void response.writeHead(204).end());
    await world.start();
    await ended(webhookId, 'delivered');
    const came = receiver.of(licenseId);
    expect(came.length).toBe(2);
    expect(new Set(came.map(({ id }) => id)).size).toBe(1);
  });

  test('follows no redirect, waits for no slow endpoint, and holds up no other', async () => {
    const slow = await create({ url: receiver.url('/slow'), events: ['license.created'] });
    const moved = await create({ url: receiver.url('/moved'), events: ['license.created'] });
    const fine = await create({ url: receiver.url('/fine'), events: ['license.created'] });
    receiver.answerWith(({ path }, response) => {
      if (path === '/fine') response.writeHead(204).end();
      if (path === '/moved') response.writeHead(302, { Location: receiver.url('/elsewhere') }).end();
    });
    await world.issue();
    await ended(fine.webhookId, 'delivered');
    await ended(moved.webhookId, 'dead');
    await ended(slow.webhookId, 'dead');
    expect(await deliveries(`webhookId=${moved.webhookId}`)).toMatchObject([{ lastOutcome: 'REDIRECT' }]);
    expect(await deliveries(`webhookId=${slow.webhookId}`)).toMatchObject([{ lastOutcome: 'TIMEOUT' }]);
    expect(receiver.received.filter(({ path }) => path === '/elsewhere')).toEqual([]);
  });

  test('is not held up by many older ones to an endpoint that never answers', async () => {
    const bad = await create({ url: receiver.url('/bad'), events: ['license.renewed'] });
    const fine = await create({ url: receiver.url('/fine'), events: ['license.created'] });
    // No delivery to the first one ends while this test checks.
    await world.server().kill('SIGKILL');
    await world.start({ LICENCE_WEBHOOK_TIMEOUT_MS: '60000' });
    try {
      receiver.answerWith(({ path }, response) => void (path === '/fine' && response.writeHead(204).end()));
      const since = new Date(Date.now() - 60_000);
      const kept = { type: 'license.renewed', licenceId: 'lic_0000000000000000', claim: null, lastOutcome: null };
      const event = { ...kept, _id: `evt_${randomUUID()}`, activationId: null, product: 'p', externalRef: 'r' };
      const times = { at: since, recordedAt: since, fannedOutAt: since };
      await database.collection<{ _id: string }>('events').insertOne({ ...event, ...times, details: {} } as never);
      const older = Array.from({ length: 300 }, (_, number) => ({
        ...{ ...kept, _id: `evt_older${number}.${bad.webhookId}`, eventId: event._id, webhookId: bad.webhookId },
        ...{ status: 'pending', attempts: 0, nextAt: since, since, createdAt: since, endedAt: null },
      }));
      await database.collection<{ _id: string }>('deliveries').insertMany(older);
      await until(() => receiver.received.filter(({ path }) => path === '/bad').length === 10, {
        what: 'the bad endpoint has its share',
      });
      await world.issue();
      await ended(fine.webhookId, 'delivered');
      expect(receiver.received.filter(({ path }) => path === '/bad')).toHaveLength(10);
    } finally {
      await world.server().kill('SIGKILL');
      await world.start();
    }
  });
});

describe('an endpoint', () => {
  test('is made once for each key, shows its secret then only, and keeps it sealed', async () => {
    const key = randomUUID();
    const first = await create({ description: 'billing' }, key);
    expect(await create({ description: 'billing' }, key)).toEqual(first);
    await expect(create({ events: ['license.created'] }, key)).rejects.toThrow('IDEMPOTENCY_CONFLICT');
    const { webhooks } = await admin<WebhookList>('GET', '/webhooks');
    expect(webhooks).toMatchObject([{ webhookId: first.webhookId, enabled: true, description: 'billing' }]);
    expect(webhooks[0]).not.toHaveProperty('secret');
    const stored = JSON.stringify(await database.collection('webhooks').find().toArray());
    const audited = JSON.stringify(await database.collection('audit').find().toArray());
    for (const text of [stored, audited, world.server().output()]) {
      expect(text).not.toContain(first.secret.slice('whsec_'.length));
    }
    expect(await readFile(`${world.folder}/keys/licence.json`, 'utf8')).not.toContain('whsec_');
  });

  test('gets two signatures after its secret was rotated, for a day', async () => {
    const { webhookId, secret: old } = await create({ events: ['license.created'] });
    const { secret } = await admin<WebhookView & { secret: string }>('POST', `/webhooks/${webhookId}/rotate-secret`);
    expect(secret).not.toBe(old);
    const both = await world.issue();
    const during = await firstOf(both.licenseId);
    expect([isSignedWith(secret, during), isSignedWith(old, during)]).toEqual([true, true]);
    await world.server().kill('SIGKILL');
    await world.start({ FREEHOLD_CLOCK_OFFSET_MS: String(86_400_000 + 60_000) });
    const one = await world.issue();
    const after = await firstOf(one.licenseId);
    const signature = String(after.headers['webhook-signature']);
    expect(signature.split(' ')).toHaveLength(1);
    const hmac = createHmac('sha256', Buffer.from(secret.slice('whsec_'.length), 'base64'));
    const signed = `${after.id}.${after.headers['webhook-timestamp']}.${after.raw}`;
    expect(signature).toBe(`v1,${hmac.update(signed).digest('base64')}`);
    await world.server().kill('SIGKILL');
    await world.start();
  });

  test('that is disabled loses nothing, and one that says it is gone is disabled', async () => {
    const { webhookId } = await create({ events: ['license.created'] });
    expect(await admin('POST', `/webhooks/${webhookId}/disable`)).toMatchObject({ enabled: false });
    const { licenseId } = await world.issue();
    await ended(webhookId, 'dead');
    expect(await deliveries(`webhookId=${webhookId}`)).toMatchObject([{ lastOutcome: 'DISABLED', attempts: 0 }]);
    expect(await admin('POST', `/webhooks/${webhookId}/enable`)).toMatchObject({ enabled: true });
    await admin('POST', `/webhooks/${webhookId}/redeliver-dead`);
    await ended(webhookId, 'delivered');
    expect(receiver.of(licenseId)).toHaveLength(1);

    receiver.answerWith((_, response) => void response.writeHead(410).end());
    await world.issue();
    await ended(webhookId, 'dead');
    expect((await admin<WebhookList>('GET', '/webhooks')).webhooks).toMatchObject([{ enabled: false }]);
    const unknown = await world.admin('POST', '/webhooks/whk_0000000000000000/enable');
    expect([unknown.status, unknown.body.code]).toEqual([404, 'NO_SUCH_WEBHOOK']);
  });

  test('that is deleted takes along what was on its way', async () => {
    const { webhookId } = await create({ events: ['license.created'] });
    receiver.answerWith((_, response) => void response.writeHead(500).end());
    await world.issue();
    await ended(webhookId, 'pending');
    for (const _ of [1, 2]) expect((await world.admin('DELETE', `/webhooks/${webhookId}`)).status).toBe(204);
    expect(await deliveries(`webhookId=${webhookId}`)).toEqual([]);
  });

  test('that was removed: the call that created it is refused when it is repeated, and a new key creates another', async () => {
    const key = randomUUID();
    const { webhookId } = await create({}, key);
    await world.admin('DELETE', `/webhooks/${webhookId}`);
    const again = () =>
      world.admin<{ code: string; detail: string }>(
        'POST',
        '/webhooks',
        { url: receiver.url() },
        { 'Idempotency-Key': key },
      );
    for (const _ of [1, 2]) {
      const { status, body } = await again();
      expect([status, body.code]).toEqual([409, 'IDEMPOTENCY_CONFLICT']);
      expect(body.detail).toContain('removed');
    }
    expect((await admin<WebhookList>('GET', '/webhooks')).webhooks).toEqual([]);
    expect((await create()).webhookId).not.toBe(webhookId);
    // The memory of the key ends with that of the events.
    await database.collection('webhooks').updateOne({ idempotencyKey: key }, { $set: { removedAt: new Date(1000) } });
    await until(async () => (await again()).status === 201, { what: 'the key is forgotten', limitMs: 50_000 });
  });

  test('may not lie inside, by address, by name or by scheme, unless the configuration allows it', async () => {
    await world.server().kill('SIGKILL');
    await world.start({ LICENCE_WEBHOOK_ALLOW_PRIVATE: 'false' });
    const refused = (url: string) =>
      world.admin<{ code: string }>('POST', '/webhooks', { url }, { 'Idempotency-Key': randomUUID() });
    for (const url of [
      receiver.url(),
      'https://127.0.0.1/x',
      'https://10.1.2.3/x',
      'https://169.254.169.254/latest/meta-data',
      'https://0x7f000001/x',
      'https://[::1]/x',
      'https://[::ffff:192.168.0.1]/x',
      'https://user:word@example.org/x',
    ]) {
      expect([url, (await refused(url)).body.code]).toEqual([url, 'WEBHOOK_ADDRESS_REFUSED']);
    }
    // A name is judged by its address when the connection is made.
    const { webhookId } = await create({ url: `https://localhost:${receiver.port}/hook`, events: ['license.created'] });
    const before = receiver.received.length;
    await world.issue();
    await ended(webhookId, 'dead');
    expect(await deliveries(`webhookId=${webhookId}`)).toMatchObject([{ lastOutcome: 'ADDRESS_NOT_ALLOWED' }]);
    expect(receiver.received.length).toBe(before);
    await world.server().kill('SIGKILL');
    await world.start();
  });
});
