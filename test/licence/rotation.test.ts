import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { judgeSecret, type RotationState } from '../../src/licence/server/activations/rotation.ts';
import { type LicenceWorld, startLicenceWorld } from './support/licence-server.ts';

let world: LicenceWorld;
beforeAll(async () => {
  world = await startLicenceWorld();
});
afterAll(() => world.stop());

async function running(more: Record<string, unknown> = {}) {
  const licence = await world.issue({ seats: 2 });
  const { body } = await world.activate(licence.licenseKey, more);
  return { licence, id: body.instanceId, secret: body.secret };
}

const seqOf = async (jws: string) => (await world.claimsOf(jws)).seq;

describe('the rotating secret', () => {
  test('L23: the current secret rotates; the old one is only good as the previous one', async () => {
    const { id, secret } = await running();
    const requestId = randomUUID();
    const first = await world.check(id, { secret, requestId, nonce: 'nonce-of-check' });
    expect(first.status).toBe(200);
    expect(first.body.secret).not.toBe(secret);
    const claims = await world.claimsOf(first.body.license);
    expect(claims).toMatchObject({ seq: 1, jti: requestId, sub: id, nonce: 'nonce-of-check' });
    const copy = await world.check(id, { secret, bootId: 'other-boot' });
    expect([copy.status, copy.body.code]).toEqual([409, 'CLONE_SUSPECTED']);
    expect((await world.claimsOf(copy.body.verdict)).refusal?.num).toBe(110);
  });

  test('L24, L25: a lost answer is given again, after a restart of the server and however late', async () => {
    const { id, secret } = await running();
    const requestId = randomUUID();
    const first = await world.check(id, { secret, requestId });
    await world.server().kill('SIGKILL');
    await world.start({ FREEHOLD_CLOCK_OFFSET_MS: String(3 * 86_400_000) });
    const again = await world.check(id, { secret, requestId, bootId: 'boot-after-three-days' });
    expect([again.status, again.headers.get('Idempotent-Replay')]).toEqual([200, 'true']);
    expect(again.body.secret).toBe(first.body.secret);
    expect(await seqOf(again.body.license)).toBe(1);
    await world.server().kill('SIGTERM');
    await world.start();
    expect((await world.check(id, { secret: again.body.secret })).status).toBe(200);
  });

  test('L26: an old client without request ids is answered again once, not twice', async () => {
    const { id, secret } = await running();
    const anonymous = { requestId: undefined, bootId: undefined };
    const first = await world.check(id, { secret, ...anonymous });
    const again = await world.check(id, { secret, ...anonymous });
    expect([again.status, again.body.secret]).toEqual([200, first.body.secret]);
    expect((await world.check(id, { secret, ...anonymous })).body.code).toBe('CLONE_SUSPECTED');
  });

  test('L26: two copies that alternate without request ids are found in the second round', async () => {
    const { id, secret } = await running();
    const anonymous = { requestId: undefined, bootId: undefined };
    const original = await world.check(id, { secret, ...anonymous });
    const copy = await world.check(id, { secret, ...anonymous });
    const second = await world.check(id, { secret: original.body.secret, ...anonymous });
    expect(second.status).toBe(200);
    const found = await world.check(id, { secret: copy.body.secret, ...anonymous });
    expect([found.status, found.body.code]).toEqual([409, 'CLONE_SUSPECTED']);
    expect((await world.check(id, { secret: second.body.secret, ...anonymous })).status).toBe(200);
  });

  test('L27: the previous secret, after the current one was used, is stale', async () => {
    const { licence, id, secret } = await running();
    const first = await world.check(id, { secret, requestId: 'first-request' });
    await world.check(id, { secret: first.body.secret });
    const late = await world.check(id, { secret, requestId: 'first-request' });
    expect([late.status, late.body.code]).toEqual([409, 'STALE_SECRET']);
    const { body } = await world.admin<{ entries: { action: string }[] }>(
      'GET',
      `/audit?licenseId=${licence.licenseId}`,
    );
    expect(body.entries.map(({ action }) => action)).toContain('clone.stale-secret');
  });

  test('L28: two threads of one boot with the same secret both get the same answer', async () => {
    const { id, secret } = await running();
    const [one, other] = await Promise.all([world.check(id, { secret }), world.check(id, { secret })]);
    expect([one.status, other.status]).toEqual([200, 200]);
    expect(one.body.secret).toBe(other.body.secret);
  });

  test('L29, L30: a copy is found by its second check at the latest, the first one goes on', async () => {
    const { id, secret } = await running();
    const inFlight = randomUUID();
    const original = await world.check(id, { secret, requestId: inFlight, bootId: 'boot-a' });
    // The copy was made while this very request was in flight, so it shares the request id.
    const copy = await world.check(id, { secret, requestId: inFlight, bootId: 'boot-b' });
    expect([copy.status, copy.body.secret]).toEqual([200, original.body.secret]);
    const next = await world.check(id, { secret: original.body.secret, bootId: 'boot-a' });
    expect(next.status).toBe(200);
    const found = await world.check(id, { secret: copy.body.secret, bootId: 'boot-b' });
    expect([found.status, found.body.code]).toEqual([409, 'CLONE_SUSPECTED']);
    expect((await world.check(id, { secret: next.body.secret, bootId: 'boot-a' })).status).toBe(200);
  });

  test('L31: a copy that was refused becomes a node of its own where a seat is free, and both go on', async () => {
    const licence = await world.issue({ seats: 2 });
    const first = (await world.activate(licence.licenseKey, { node: { name: 'n1' } })).body;
    const original = await world.check(first.instanceId, { secret: first.secret, bootId: 'boot-a' });
    const asCopy = { secret: first.secret, bootId: 'boot-b' };
    expect((await world.check(first.instanceId, asCopy)).body.code).toBe('CLONE_SUSPECTED');
    const own = await world.activate(licence.licenseKey, { node: { name: 'n1-copy' }, bootId: 'boot-b' });
    expect(own.status).toBe(201);
    expect(own.body.instanceId).not.toBe(first.instanceId);
    const nodes = [
      { id: first.instanceId, secret: original.body.secret, bootId: 'boot-a' },
      { id: own.body.instanceId, secret: own.body.secret, bootId: 'boot-b' },
    ];
    for (let round = 0; round < 3; round += 1) {
      for (const node of nodes) {
        const { status, body } = await world.check(node.id, { secret: node.secret, bootId: node.bootId });
        expect([round, node.id, status]).toEqual([round, node.id, 200]);
        node.secret = body.secret;
      }
    }
    expect((await world.view(licence.licenseId)).seats.production.used).toBe(2);
    // A third copy finds no seat, and affects nobody.
    expect((await world.activate(licence.licenseKey, { node: { name: 'n1-copy-2' } })).body.code).toBe(
      'ACTIVE_INSTANCES_CAPACITY_EXCEEDED',
    );
    for (const { id, secret } of nodes) expect((await world.check(id, { secret })).status).toBe(200);
  });

  test('L29: a copy cannot give the seat of the original back, neither before it was seen nor after', async () => {
    const { licence, id, secret } = await running();
    const release = (body: Record<string, unknown>) =>
      world.call<{ code: string }>('POST', `/v1/instances/${id}/release`, body);
    const inFlight = randomUUID();
    const original = await world.check(id, { secret, requestId: inFlight, bootId: 'boot-a' });
    const unseen = await release({ secret, requestId: randomUUID(), bootId: 'boot-b' });
    expect([unseen.status, unseen.body.code]).toEqual([409, 'CLONE_SUSPECTED']);
    expect((await world.check(id, { secret, bootId: 'boot-b' })).body.code).toBe('CLONE_SUSPECTED');
    for (const body of [{ secret }, { secret, requestId: inFlight, bootId: 'boot-a' }]) {
      const copy = await release(body);
      expect([copy.status, copy.body.code]).toEqual([409, 'CLONE_SUSPECTED']);
    }
    const next = await world.check(id, { secret: original.body.secret, bootId: 'boot-a' });
    expect(next.status).toBe(200);
    expect((await release({ secret: next.body.secret })).status).toBe(204);
    expect((await world.view(licence.licenseId)).seats.production.used).toBe(0);
  });

  test('L16: a node whose last answer was lost gives its seat back, with its request id and without one', async () => {
    for (const known of [true, false]) {
      const { licence, id, secret } = await running();
      const requestId = randomUUID();
      await world.check(id, { secret, requestId });
      const body = known ? { secret, requestId, bootId: 'boot-after' } : { secret };
      for (let round = 0; round < 2; round += 1) {
        expect((await world.call('POST', `/v1/instances/${id}/release`, body)).status).toBe(204);
      }
      expect((await world.view(licence.licenseId)).seats.production.used).toBe(0);
    }
  });

  test('L32: a node restored from a backup is stale, recovers on the same host, three times a day', async () => {
    const node = { name: 'n1', fingerprint: 'machine-1' };
    const { licence, id, secret } = await running({ node });
    let current = secret;
    for (let round = 0; round < 3; round += 1) current = (await world.check(id, { secret: current })).body.secret;
    expect((await world.check(id, { secret })).body.code).toBe('STALE_SECRET');

    const recover = (more: Record<string, unknown> = {}) =>
      world.call<{ secret: string; code: string }>('POST', `/v1/instances/${id}/recover`, {
        licenseKey: licence.licenseKey,
        requestId: randomUUID(),
        node,
        bootId: 'boot-2',
        ...more,
      });
    const elsewhere = await recover({ node: { name: 'n2' } });
    expect([elsewhere.status, elsewhere.body.code]).toEqual([409, 'RECOVERY_REFUSED']);
    expect((await recover({ node: { ...node, fingerprint: 'machine-2' } })).status).toBe(409);
    const requestId = randomUUID();
    const first = await recover({ requestId });
    const again = await recover({ requestId });
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(again.body.secret).toBe(first.body.secret);
    expect((await world.check(id, { secret: current })).body.code).toBe('STALE_SECRET');
    expect((await world.check(id, { secret: first.body.secret })).status).toBe(200);
    expect([(await recover()).status, (await recover()).status, (await recover()).status]).toEqual([200, 200, 409]);
  });

  test('L34: a hundred checks with the same secret and request id rotate once and agree', async () => {
    const { id, secret } = await running();
    const same = { secret, requestId: randomUUID() };
    const replies = await Promise.all(Array.from({ length: 100 }, () => world.check(id, same)));
    expect(replies.every(({ status }) => status === 200)).toBe(true);
    expect(new Set(replies.map(({ body }) => body.secret)).size).toBe(1);
    expect(replies.filter(({ headers }) => headers.get('Idempotent-Replay') === null)).toHaveLength(1);
    expect(await seqOf(replies[0]?.body.license as string)).toBe(1);
  });

  test('L37: an unknown id is 105, a malformed one 106', async () => {
    const secret = randomBytes(32).toString('base64url');
    const unknown = await world.check('act_0123456789abcdef', { secret });
    expect([unknown.status, unknown.body]).toMatchObject([404, { code: 'INSTANCE_NOT_FOUND', num: 105 }]);
    for (const id of ['x', "act_'; drop", '%00', '%E0%A4%A', `act_${'0'.repeat(500)}`]) {
      const malformed = await world.check(id, { secret });
      expect([malformed.status, malformed.body]).toMatchObject([400, { num: 106 }]);
    }
  });

  test('L38: usage over the quota is a notice, not a refusal', async () => {
    await world.putPlan('QUOTA', { limits: { plugins: 1, devices: null } });
    const licence = await world.issue({ plan: 'QUOTA' });
    const { body } = await world.activate(licence.licenseKey);
    const usage = { plugins: 2, devices: 1_000_000 };
    const first = await world.check(body.instanceId, { secret: body.secret, usage });
    expect(first.status).toBe(200);
    expect(first.body.notices.map(({ code }) => code)).toEqual(['QUOTA_EXCEEDED']);
  });

  test('a refusal for the licence rotates nothing, and the node goes on when it is reinstated', async () => {
    const { licence, id, secret } = await running();
    const requestId = randomUUID();
    const lost = await world.check(id, { secret, requestId });
    const standing = (value: string, revision: number) =>
      world.admin('POST', `/licenses/${licence.licenseId}/standing`, { standing: value, revision });
    await standing('suspended', 5);
    await standing('current', 4);
    const refused = await world.check(id, { secret, requestId });
    expect([refused.status, refused.body.code]).toEqual([403, 'SUBSCRIPTION_NOT_ACTIVE']);
    expect(await world.claimsOf(refused.body.verdict)).toMatchObject({
      jti: requestId,
      lic: { status: 'SUSPENDED' },
      refusal: { code: 'SUBSCRIPTION_NOT_ACTIVE', num: 103 },
    });
    await standing('past_due', 6);
    const back = await world.check(id, { secret, requestId });
    expect([back.status, back.body.secret]).toEqual([200, lost.body.secret]);
    expect(back.body.notices.map(({ code }) => code)).toEqual(['PAST_DUE']);
  });

  test('a licence that was cancelled works to its end and not after it', async () => {
    const endsAt = new Date(Date.now() + 3_600_000).toISOString();
    const licence = await world.issue({ standing: { standing: 'current', revision: 1, paidUntil: endsAt, endsAt } });
    const { body } = await world.activate(licence.licenseKey);
    const before = await world.check(body.instanceId, { secret: body.secret });
    expect(before.body.notices.map(({ code }) => code)).toEqual(['ENDS_AT']);
    const claims = await world.claimsOf(before.body.license);
    expect(claims.exp).toBe(Math.ceil(Date.parse(endsAt) / 1000));
    await world.server().kill('SIGTERM');
    await world.start({ FREEHOLD_CLOCK_OFFSET_MS: '3601000' });
    const after = await world.check(body.instanceId, { secret: before.body.secret });
    expect([after.status, after.body.code]).toEqual([403, 'SUBSCRIPTION_NOT_ACTIVE']);
    await world.server().kill('SIGTERM');
    await world.start();
  });
});

describe('copies that repeat the same request', () => {
  const node = { name: 'golden' };
  /** How often each answer was given, and that the others are refusals because of copies. */
  const outcomes = (replies: { status: number; body: { code: string } }[]) =>
    replies.map(({ status, body }) => (status < 300 ? 'given' : `${status} ${body.code}`));
  const expected = (given: number, of: number) => [
    ...Array(given).fill('given'),
    ...Array(of - given).fill('409 CLONE_SUSPECTED'),
  ];
  const boots = (count: number) => Array.from({ length: count }, (_, index) => `boot-of-copy-${index}`);
  const nodeOf = async (licenseId: string) => (await world.view(licenseId)).activations[0];
  const eventsOf = async (licenseId: string) =>
    (await world.admin<{ entries: { action: string }[] }>('GET', `/audit?licenseId=${licenseId}`)).body.entries.filter(
      ({ action }) => action === 'clone.suspected',
    );

  test('hosts started from one state with a pending request get a verdict a few times, then count as copies', async () => {
    const { licence, id, secret } = await running();
    const requestId = randomUUID();
    const original = await world.check(id, { secret, requestId, bootId: 'original' });
    const replies = [];
    for (const bootId of boots(12)) replies.push(await world.check(id, { secret, requestId, bootId }));
    expect(outcomes(replies)).toEqual(expected(4, 12));
    expect(await world.claimsOf(String(replies.at(-1)?.body.verdict))).toMatchObject({
      jti: requestId,
      refusal: { code: 'CLONE_SUSPECTED' },
    });
    expect((await nodeOf(licence.licenseId))?.cloneSuspectedAt).not.toBeNull();
    expect(await eventsOf(licence.licenseId)).toHaveLength(8);

    // Whoever was given the secret may lose the answer again; the first to check keeps the identity.
    expect((await world.check(id, { secret, requestId, bootId: 'original' })).status).toBe(200);
    const next = await world.check(id, { secret: original.body.secret, bootId: 'original' });
    expect(next.status).toBe(200);
    expect((await world.check(id, { secret: next.body.secret, bootId: 'original' })).status).toBe(200);
  });

  test('started at the same moment, no more of them get a verdict', async () => {
    const { id, secret } = await running();
    const same = { secret, requestId: randomUUID() };
    const replies = await Promise.all(boots(30).map((bootId) => world.check(id, { ...same, bootId })));
    expect(outcomes(replies).sort().reverse()).toEqual(expected(5, 30));
  });

  test('a node may restart a few times before it has its answer, and each rotation begins to count anew', async () => {
    const { id, secret } = await running();
    let current = secret;
    for (let round = 0; round < 4; round += 1) {
      const requestId = randomUUID();
      const replies = [];
      for (const bootId of boots(5)) replies.push(await world.check(id, { secret: current, requestId, bootId }));
      expect(outcomes(replies)).toEqual(expected(5, 5));
      current = String(replies.at(-1)?.body.secret);
    }
  });

  test('processes without a bootId count as one', async () => {
    const { id, secret } = await running();
    const same = { secret, requestId: randomUUID(), bootId: undefined };
    for (let round = 0; round < 8; round += 1) expect((await world.check(id, same)).status).toBe(200);
  });

  test('hosts that share an activation id and never check are found, by key and by token', async () => {
    for (const by of ['key', 'token'] as const) {
      const licence = await world.issue({ seats: 2 });
      const enrollmentToken = (await world.enrol(licence.licenseId, node.name)).enrollmentToken;
      const activationId = randomUUID();
      const start = (bootId: string) =>
        by === 'key'
          ? world.activate(licence.licenseKey, { activationId, node, bootId })
          : world.call<{ code: string }>('POST', '/v1/enrollments/redeem', {
              ...{ enrollmentToken, activationId, node, bootId },
            });
      const replies = [];
      for (const bootId of boots(30)) replies.push(await start(bootId));
      expect(outcomes(replies)).toEqual(expected(5, 30));
      expect((await start('boot-of-copy-0')).status).toBe(200);
      const [holder] = (await world.view(licence.licenseId)).activations;
      expect(holder?.cloneSuspectedAt).not.toBeNull();
      expect(await eventsOf(licence.licenseId)).toHaveLength(25);
    }
  });

  test('hosts that repeat one recovery are found', async () => {
    const { licence, id } = await running({ node });
    const same = { licenseKey: licence.licenseKey, requestId: randomUUID(), node };
    const replies = [];
    for (const bootId of boots(8)) {
      replies.push(await world.call<{ code: string }>('POST', `/v1/instances/${id}/recover`, { ...same, bootId }));
    }
    expect(outcomes(replies)).toEqual(expected(5, 8));
    expect((await nodeOf(licence.licenseId))?.cloneSuspectedAt).not.toBeNull();
  });

  test('a copy refused because of its boot cannot give the seat back, and a member may decide for it', async () => {
    const licence = await world.issue({ account: 'acc_copies', seats: 1 });
    const member = { account: 'acc_copies' };
    const { body } = await world.activate(licence.licenseKey, { node });
    const same = { secret: body.secret, requestId: randomUUID() };
    const id = body.instanceId;
    const held = await world.check(id, { ...same, bootId: 'original' });
    for (const bootId of boots(5)) await world.check(id, { ...same, bootId });
    const late = { ...same, bootId: 'boot-of-copy-4' };
    expect((await world.call('POST', `/v1/instances/${id}/release`, late)).status).toBe(409);
    expect((await world.me(member, 'POST', `/instances/${id}/keep`, { keep: 'refused' })).status).toBe(200);
    expect((await world.check(id, late)).status).toBe(200);
    const refused = await world.check(id, { secret: held.body.secret, bootId: 'original' });
    expect(refused.body.code).toBe('STALE_SECRET');
  });

  test('a member may decide for a host that was refused an activation', async () => {
    const licence = await world.issue({ account: 'acc_copies', seats: 1 });
    const same = { activationId: randomUUID(), node };
    const [first] = await Promise.all(
      boots(1).map((bootId) => world.activate(licence.licenseKey, { ...same, bootId })),
    );
    for (const bootId of boots(6)) await world.activate(licence.licenseKey, { ...same, bootId });
    const keep = { keep: 'refused' };
    const id = String(first?.body.instanceId);
    expect((await world.me({ account: 'acc_copies' }, 'POST', `/instances/${id}/keep`, keep)).status).toBe(200);
    expect((await world.activate(licence.licenseKey, { ...same, bootId: 'boot-of-copy-5' })).status).toBe(200);
  });
});

describe('the rule as a decision', () => {
  const at = new Date(1_000_000);
  const state = (more: Partial<RotationState> = {}): RotationState => ({
    secret: { hash: 'current', requestId: 'r2' },
    previous: { hash: 'previous', bootId: 'b1', at, replayedWithoutId: false },
    lastRoundReplayed: false,
    history: ['older'],
    boots: ['b1'],
    ...more,
  });
  const judge = (hash: string, requestId: string | undefined, bootId: string | null = null, ms = 0, more = {}) =>
    judgeSecret(
      state(more),
      { hash, requestId, bootId },
      { now: at.getTime() + ms, sameBootMs: 5000, bootsPerSecret: 3 },
    );

  test.each([
    ['current secret', judge('current', 'r3'), 'rotate'],
    ['previous, same request, years later', judge('previous', 'r2', 'b9', 1e11), 'replay'],
    ['previous, same request, a few boots', judge('previous', 'r2', 'b3', 1e11, { boots: ['b1', 'b2'] }), 'replay'],
    [
      'previous, same request, too many boots',
      judge('previous', 'r2', 'b4', 0, { boots: ['b1', 'b2', 'b3'] }),
      'clone',
    ],
    ['the same request of a known boot', judge('previous', 'r2', 'b2', 0, { boots: ['b1', 'b2', 'b3'] }), 'replay'],
    ['previous, other request, same boot, 5 s', judge('previous', 'r3', 'b1', 5000), 'replay'],
    ['previous, other request, same boot, later', judge('previous', 'r3', 'b1', 5001), 'clone'],
    ['previous, other request, other boot', judge('previous', 'r3', 'b2'), 'clone'],
    ['previous, no request id', judge('previous', undefined), 'replay-once'],
    [
      'previous, no request id, round after a replay',
      judge('previous', undefined, null, 0, { lastRoundReplayed: true }),
      'clone',
    ],
    ['an older one', judge('older', 'r2', 'b1'), 'stale'],
    ['never issued', judge('guess', 'r2', 'b1'), 'unknown'],
    ['previous after the current one was used', judge('previous', 'r2', 'b1', 0, { previous: null }), 'unknown'],
  ])('%s', (_, judged, expected) => {
    expect(judged).toBe(expected);
  });
});
