import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Connection, createConnection } from 'mongoose';
import type { SeatHolder } from '../../src/licence/protocol/problem.ts';
import { until } from '../support/until.ts';
import { type LicenceWorld, product, startLicenceWorld } from './support/licence-server.ts';

let world: LicenceWorld;
let database: Connection;
beforeAll(async () => {
  world = await startLicenceWorld();
  database = await createConnection(world.database.uri).asPromise();
});
afterAll(async () => {
  await database.close();
  await world.stop();
});

/** As if the node had not checked for all of its lease. */
async function endLease(id: string): Promise<void> {
  const leaseUntil = new Date(Date.now() - 1000);
  await database.collection<{ _id: string }>('activations').updateOne({ _id: id }, { $set: { leaseUntil } });
}

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
    // The same name in another cluster is another node.
    expect((await world.activate(licence.licenseKey, { node: { ...node, clusterId: 'c2' } })).status).toBe(403);
  });

  test('a full licence says which node holds its seat, since when and until when, and nothing of other licences', async () => {
    const [licence, other] = [await world.issue(), await world.issue()];
    await world.activate(other.licenseKey, { node: { name: 'of-somebody-else' } });
    const before = Date.now();
    const node = { name: 'n1', hostname: 'one.example', clusterId: 'c1' };
    const first = await world.activate(licence.licenseKey, { node, bootId: 'boot-a' });
    const refused = await world.activate(licence.licenseKey, { node: { name: 'n2' } });
    expect(refused.body.code).toBe('ACTIVE_INSTANCES_CAPACITY_EXCEEDED');
    const { holders } = refused.body as unknown as { holders: SeatHolder[] };
    const named = { nodeName: 'n1', hostname: 'one.example', clusterId: 'c1', bootId: 'boot-a', offlineFileId: null };
    expect(holders).toMatchObject([{ ...named, instanceId: first.body.instanceId }]);
    const [{ since, until: kept }] = holders as [SeatHolder];
    expect(Date.parse(since)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(kept) - Date.parse(since)).toBeGreaterThan(86_000_000);
    const shown = `The licence has 1 production seat, and 1 is in use: node "n1" (cluster "c1", host "one.example", ${first.body.instanceId}), since ${since} until ${kept}.`;
    expect(refused.body.detail).toBe(`${shown} A seat is kept longer each time its node checks.`);
    expect(JSON.stringify(refused.body)).not.toContain('of-somebody-else');
    // It can be followed: the named node is deactivated, and the other one gets the seat.
    await world.admin('POST', `/instances/${holders[0]?.instanceId}/deactivate`);
    expect((await world.activate(licence.licenseKey, { node: { name: 'n2' } })).status).toBe(201);
  });

  test('of many holders the answer lists twenty and names three, those kept for the shortest time first', async () => {
    const licence = await world.issue({ seats: 25 });
    for (const number of times(25).keys()) {
      await world.activate(licence.licenseKey, { node: { name: `n${number}` } });
    }
    const { body } = await world.activate(licence.licenseKey);
    const { holders } = body as unknown as { holders: SeatHolder[] };
    expect(holders.map(({ nodeName }) => nodeName)).toEqual(times(20).map((_, number) => `n${number}`));
    expect(body.detail).toContain('The licence has 25 production seats, and 25 are in use: node "n0"');
    expect(body.detail).toContain('; 22 more. A seat is kept');
    const none = await world.activate(licence.licenseKey, { mode: 'development' });
    expect(none.body.detail).toBe('The licence has no development seat.');
  });

  test('two machines that take one seat from each other are named, and what the answer advises works', async () => {
    const at = (await world.startBeside({ LICENCE_TAKEOVER_WINDOW_MS: '4000' })).url;
    const licence = await world.issue();
    const on = (host: string) =>
      world.activate(
        licence.licenseKey,
        { node: { name: 'pod-1', hostname: `${host}.example` }, bootId: `boot-${host}` },
        at,
      );
    let last = await on('a');
    let fight = await on('b');
    for (let host = 'a'; fight.status === 201; host = host === 'a' ? 'b' : 'a') {
      last = fight;
      fight = await on(host);
    }
    const { holders } = fight.body as unknown as { holders: SeatHolder[] };
    expect([fight.status, fight.body.code]).toEqual([409, 'SEAT_FLAPPING']);
    expect(holders).toMatchObject([{ instanceId: last.body.instanceId, hostname: 'b.example', bootId: 'boot-b' }]);
    expect(fight.body.detail).toContain(
      `${last.body.instanceId}, boot "boot-b" on host "b.example", holds it since ${holders[0]?.since}; this one is boot "boot-a" on host "a.example".`,
    );
    expect(fight.body.detail).toContain('The licence has 1 production seat, and 1 is in use.');
    const again = Date.parse(/from (\S+Z) on\./.exec(fight.body.detail)?.[1] ?? '');
    expect(Math.abs(again - Date.now())).toBeLessThan(4000);
    expect(Number(fight.headers.get('Retry-After'))).toBeLessThanOrEqual(4);
    // The other machine stays away: after the time in the answer this one gets the seat.
    await until(() => Date.now() > again, { what: 'the time in the answer has come' });
    expect((await on('a')).status).toBe(201);
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
    const licence = await world.issue();
    const old = await world.activate(licence.licenseKey);
    expect((await world.activate(licence.licenseKey)).status).toBe(403);
    await endLease(old.body.instanceId);
    expect((await world.activate(licence.licenseKey)).status).toBe(201);
    const late = await world.check(old.body.instanceId, { secret: old.body.secret });
    expect([late.status, late.body.code]).toEqual([403, 'INSTANCE_NOT_ACTIVE']);
    expect((await world.claimsOf(late.body.verdict)).refusal?.cause).toBe('expired');
  });

  test('L17: a check and an eviction at the same instant: exactly one wins and the count is right', async () => {
    const race = async () => {
      const licence = await world.issue();
      const old = await world.activate(licence.licenseKey);
      await endLease(old.body.instanceId);
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

  test('L14: many pods of one name at once end with one seat and one node that runs', async () => {
    const licence = await world.issue({ seats: 2 });
    const node = { name: 'pod-1', clusterId: 'c1' };
    const other = await world.activate(licence.licenseKey);
    const replies = await Promise.all(times(4).map(() => world.activate(licence.licenseKey, { node })));
    for (const { status, body } of replies) {
      // Some are replaced before they finish.
      if (status !== 201) expect(['SEAT_FLAPPING', 'ALREADY_ACTIVATED']).toContain(body.code);
    }
    expect(replies.some(({ status }) => status === 201)).toBe(true);
    const { seats, activations } = await world.view(licence.licenseId);
    expect(seats.production.used).toBe(2);
    expect(
      activations
        .filter(({ status }) => status === 'active')
        .map(({ nodeName }) => nodeName)
        .sort(),
    ).toEqual([activations.find(({ instanceId }) => instanceId === other.body.instanceId)!.nodeName, 'pod-1'].sort());
  });

  test('L15: where the plan allows one cluster, a node of another is refused until the first one has left', async () => {
    await world.putPlan('CLUSTER', { oneCluster: true });
    const licence = await world.issue({ plan: 'CLUSTER', seats: 3 });
    const node = (name: string, clusterId?: string) => ({ node: { name, clusterId } });
    const first = await world.activate(licence.licenseKey, node('n1', 'a'));
    expect((await world.activate(licence.licenseKey, node('n2', 'a'))).status).toBe(201);
    for (const other of [node('n3', 'b'), node('n1')]) {
      const { status, body } = await world.activate(licence.licenseKey, other);
      expect([status, body.code]).toEqual([409, 'CLUSTER_ID_MISMATCH']);
    }
    const { activations } = await world.view(licence.licenseId);
    expect(activations).toHaveLength(2);
    const release = (id: string, secret: string) => world.call('POST', `/v1/instances/${id}/release`, { secret });
    await release(first.body.instanceId, first.body.secret);
    expect((await world.activate(licence.licenseKey, node('n3', 'b'))).status).toBe(409);
    const second = activations.find(({ nodeName }) => nodeName === 'n2')!;
    await world.admin('POST', `/instances/${second.instanceId}/deactivate`);
    const moved = await Promise.all(
      ['b', 'c'].map((cluster) => world.activate(licence.licenseKey, node('n1', cluster))),
    );
    expect(moved.map(({ status }) => status).sort()).toEqual([201, 409]);
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

  test('L20: where the plan says so, the next renewal ends the newest nodes beyond the seats, and only those', async () => {
    await world.putPlan('SHRINK', { overLimit: 'end-newest' });
    const standing = (revision: number, day: number) => ({
      standing: 'current' as const,
      revision,
      paidUntil: `2031-01-0${day}T00:00:00Z`,
      endsAt: null,
    });
    const licence = await world.issue({ plan: 'SHRINK', seats: 3, developmentSeats: 1, standing: standing(1, 1) });
    const push = (path: string, body: unknown) => world.admin('POST', `/licenses/${licence.licenseId}/${path}`, body);
    const nodes = [];
    for (const _ of times(3)) nodes.push((await world.activate(licence.licenseKey)).body);
    const development = (await world.activate(licence.licenseKey, { mode: 'development' })).body;
    await push('entitlements', { revision: 1, plan: 'SHRINK', seats: 1, developmentSeats: 1 });
    // A standing for the same period is no renewal.
    await push('standing', standing(2, 1));
    expect((await world.view(licence.licenseId)).seats.production).toEqual({ limit: 1, used: 3 });
    await push('standing', standing(3, 2));
    await push('standing', standing(3, 2));
    const { seats, activations } = await world.view(licence.licenseId);
    expect([seats.production.used, seats.development.used]).toEqual([1, 1]);
    const statusOf = ({ instanceId }: { instanceId: string }) =>
      activations.find((activation) => activation.instanceId === instanceId)?.status;
    expect([...nodes, development].map(statusOf)).toEqual(['active', 'reduced', 'reduced', 'active']);
    const ended = await world.check(nodes[2]!.instanceId, { secret: nodes[2]!.secret });
    expect((await world.claimsOf(ended.body.verdict)).refusal).toMatchObject({ num: 108, cause: 'reduced' });
    const kept = await world.check(nodes[0]!.instanceId, { secret: nodes[0]!.secret });
    expect([kept.status, kept.body.notices]).toEqual([200, []]);
  });
});

describe('leases', () => {
  const plan = (leaseSec: number | undefined, graceSec: number) => ({ leaseSec, check: { graceSec } });

  test('strict, the default: no verdict outlives the lease of its seat, whatever it was given for', async () => {
    await world.putPlan('STRICT', plan(undefined, 200_000));
    const licence = await world.issue({ plan: 'STRICT' });
    const node = { name: 'n1' };
    const same = { activationId: randomUUID(), node };
    const requestId = randomUUID();
    const verdicts: string[] = [];
    const withinLease = async (license: string) => {
      verdicts.push(license);
      const { exp, iat } = await world.claimsOf(license);
      const [holder] = (await world.view(licence.licenseId)).activations;
      expect(exp * 1000).toBeLessThanOrEqual(Date.parse(holder!.leaseUntil!));
      expect(exp - iat).toBeGreaterThanOrEqual(200_000 - 3);
    };
    const halfGone = async (id: string) => {
      const leaseUntil = new Date(Date.now() + 100_000_000);
      await database.collection<{ _id: string }>('activations').updateOne({ _id: id }, { $set: { leaseUntil } });
    };
    const { body } = await world.activate(licence.licenseKey, same);
    await withinLease(body.license);
    await halfGone(body.instanceId);
    await withinLease((await world.activate(licence.licenseKey, same)).body.license);
    await withinLease((await world.check(body.instanceId, { secret: body.secret, requestId })).body.license);
    await halfGone(body.instanceId);
    await withinLease((await world.check(body.instanceId, { secret: body.secret, requestId })).body.license);
    const recover = { licenseKey: licence.licenseKey, requestId: randomUUID(), node };
    for (const _ of times(2)) {
      await halfGone(body.instanceId);
      const recovered = await world.call<{ license: string }>(
        'POST',
        `/v1/instances/${body.instanceId}/recover`,
        recover,
      );
      await withinLease(recovered.body.license);
    }
    expect(verdicts).toHaveLength(6);
  });

  test('floating: the seat is free after the lease, while the verdict still lasts its whole grace', async () => {
    await world.putPlan('FLOATING', plan(600, 86_400));
    const licence = await world.issue({ plan: 'FLOATING' });
    const { body } = await world.activate(licence.licenseKey);
    const { exp, iat } = await world.claimsOf(body.license);
    expect(exp - iat).toBe(86_400);
    const [holder] = (await world.view(licence.licenseId)).activations;
    expect(Date.parse(holder!.leaseUntil!) - iat * 1000).toBeLessThan(603_000);
  });
});
