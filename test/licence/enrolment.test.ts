import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type LicenceWorld, startLicenceWorld } from './support/licence-server.ts';

let world: LicenceWorld;
beforeAll(async () => {
  world = await startLicenceWorld();
});
afterAll(() => world.stop());

const hour = 3_600_000;

const redeem = (enrollmentToken: string, more: Record<string, unknown> = {}) =>
  world.call<{ instanceId: string; secret: string; code: string; num: number }>('POST', '/v1/enrollments/redeem', {
    enrollmentToken,
    activationId: randomUUID(),
    node: { name: 'n1' },
    ...more,
  });

const actions = async (licenseId: string) => {
  const reply = await world.admin<{ entries: { action: string; after: { why?: string } }[] }>(
    'GET',
    `/audit?licenseId=${licenseId}`,
  );
  return reply.body.entries.map(({ action, after }) => (after?.why ? `${action}: ${after.why}` : action));
};

/** The server with its clock ahead by this much. */
async function later(ms: number): Promise<void> {
  await world.server().kill('SIGTERM');
  await world.start({ FREEHOLD_CLOCK_OFFSET_MS: String(ms) });
}

test('the same enrolment always has the same token, and another node or generation another', async () => {
  const { licenseId } = await world.issue();
  const first = await world.enrol(licenseId);
  expect(await world.enrol(licenseId)).toEqual(first);
  expect(first).toMatchObject({ open: true, redeemed: false });
  const tokens = [first, await world.enrol(licenseId, 'n2'), await world.enrol(licenseId, 'n1', 2)];
  expect(new Set(tokens.map(({ enrollmentToken }) => enrollmentToken)).size).toBe(3);
  expect((await world.enrol(licenseId)).open).toBe(false);
});

test('L60: the same pair gets the same answer until its first check, anybody else 401 and an audit entry', async () => {
  const { licenseId } = await world.issue({ seats: 2 });
  const { enrollmentToken } = await world.enrol(licenseId);
  const otherNode = await redeem(enrollmentToken, { node: { name: 'n2' } });
  expect([otherNode.status, otherNode.body.num]).toEqual([401, 121]);
  const pair = { activationId: randomUUID() };
  const first = await redeem(enrollmentToken, pair);
  const again = await redeem(enrollmentToken, pair);
  expect([first.status, again.status]).toEqual([201, 200]);
  expect(again.body.secret).toBe(first.body.secret);
  expect((await redeem(enrollmentToken)).status).toBe(401);

  // A lost answer is repeated although the enrolment was closed meanwhile.
  await world.admin('POST', '/enrollments/close', { licenseId });
  expect((await redeem(enrollmentToken, pair)).status).toBe(200);
  await world.check(first.body.instanceId, { secret: first.body.secret });
  expect((await redeem(enrollmentToken, pair)).status).toBe(401);
  expect(await actions(licenseId)).toEqual([
    'license.created',
    'enrolment.issued',
    'enrolment.refused: another node',
    'seat.claimed',
    'enrolment.refused: redeemed by another node',
    'enrolment.closed',
    'enrolment.refused: closed or late',
  ]);
  expect((await world.view(licenseId)).activations[0]?.firstCheckAt).not.toBeNull();
});

test('L60: a hundred nodes that redeem one token at once: exactly one is enrolled', async () => {
  const { licenseId } = await world.issue({ seats: 100 });
  const { enrollmentToken } = await world.enrol(licenseId);
  const replies = await Promise.all(Array.from({ length: 100 }, () => redeem(enrollmentToken)));
  expect(replies.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(replies.filter(({ status }) => status === 401)).toHaveLength(99);
  expect((await world.view(licenseId)).seats.production.used).toBe(1);
});

test('L60: a token ends 60 minutes after its up has ended, and after 7 days at the latest', async () => {
  const ended = await world.issue();
  const endedToken = (await world.enrol(ended.licenseId)).enrollmentToken;
  expect((await world.admin('POST', '/enrollments/up-ended', { licenseId: ended.licenseId })).body.changed).toBe(1);
  const again = await world.issue();
  const againToken = (await world.enrol(again.licenseId)).enrollmentToken;
  await world.admin('POST', '/enrollments/up-ended', { licenseId: again.licenseId });
  await world.enrol(again.licenseId);
  const open = await world.issue();
  const openToken = (await world.enrol(open.licenseId)).enrollmentToken;
  const closed = await world.issue();
  const closedToken = (await world.enrol(closed.licenseId)).enrollmentToken;
  await world.admin('POST', '/enrollments/close', { licenseId: closed.licenseId });
  expect((await world.enrol(closed.licenseId)).open).toBe(false);

  await later(59 * 60_000);
  expect((await world.enrol(ended.licenseId, 'other')).open).toBe(true);
  await later(61 * 60_000);
  expect((await redeem(endedToken)).status).toBe(401);
  expect((await redeem(closedToken)).status).toBe(401);
  // Its up runs again, so it is open again.
  expect((await redeem(againToken)).status).toBe(201);
  await later(167 * hour);
  const last = await world.issue();
  const lastToken = (await world.enrol(last.licenseId)).enrollmentToken;
  await later(169 * hour);
  expect((await redeem(openToken)).status).toBe(401);
  expect((await world.enrol(open.licenseId)).open).toBe(false);
  expect((await redeem(lastToken)).status).toBe(201);
  await later(0);
});

test('a new generation recovers the node that the old one enrolled, or enrols it anew', async () => {
  const { licenseId } = await world.issue();
  const pair = { activationId: randomUUID() };
  const first = await redeem((await world.enrol(licenseId)).enrollmentToken, pair);
  await world.check(first.body.instanceId, { secret: first.body.secret });
  const { enrollmentToken } = await world.enrol(licenseId, 'n1', 2);
  const recover = { enrollmentToken, requestId: randomUUID(), node: { name: 'n1' } };
  const recovered = await world.call<{ secret: string }>(
    'POST',
    `/v1/instances/${first.body.instanceId}/recover`,
    recover,
  );
  expect(recovered.status).toBe(200);
  expect((await world.check(first.body.instanceId, { secret: recovered.body.secret })).status).toBe(200);

  const rebuilt = await redeem((await world.enrol(licenseId, 'n1', 3)).enrollmentToken);
  expect(rebuilt.status).toBe(201);
  const seats = (await world.view(licenseId)).activations.filter(({ holdsSeat }) => holdsSeat);
  expect(seats.map(({ instanceId }) => instanceId)).toEqual([rebuilt.body.instanceId]);
});

test('L70: issuing again is one licence and one key; revoking frees seats, closes enrolments, twice as well', async () => {
  const key = `issue-${randomUUID()}`;
  const request = { externalRef: 'i0123', addOns: {} };
  const first = await world.issue(request, key);
  const again = await world.issue(
    { ...request, standing: { standing: 'current', revision: 9, paidUntil: null, endsAt: null } },
    key,
  );
  expect([again.licenseId, again.licenseKey]).toEqual([first.licenseId, first.licenseKey]);
  await expect(world.issue({ ...request, seats: 7 }, key)).rejects.toThrow('IDEMPOTENCY_CONFLICT');
  const many = await Promise.all(
    Array.from({ length: 20 }, () => world.issue({ externalRef: 'many' }, 'many-at-once')),
  );
  expect(new Set(many.map(({ licenseId }) => licenseId)).size).toBe(1);
  const found = await world.admin<{ licenses: unknown[] }>('GET', '/licenses?externalRef=many');
  expect(found.body.licenses).toHaveLength(1);

  const { enrollmentToken } = await world.enrol(first.licenseId);
  const node = await redeem(enrollmentToken);
  const checked = await world.check(node.body.instanceId, { secret: node.body.secret });
  const later = (await world.enrol(first.licenseId, 'n2')).enrollmentToken;
  for (const _ of [1, 2]) {
    const revoked = await world.admin('POST', `/licenses/${first.licenseId}/revoke`, { reason: 'undone' });
    expect(revoked.body).toMatchObject({ status: 'REVOKED', seats: { production: { used: 0 } } });
  }
  expect((await redeem(later, { node: { name: 'n2' } })).status).toBe(401);
  const refused = await world.check(node.body.instanceId, { secret: checked.body.secret });
  expect(await world.claimsOf(refused.body.verdict)).toMatchObject({
    lic: { status: 'REVOKED' },
    refusal: { num: 103 },
  });
  const enrol = await world.admin('POST', '/enrollments', {
    licenseId: first.licenseId,
    nodeName: 'n3',
    generation: 1,
  });
  expect([enrol.status, enrol.body.code]).toEqual([409, 'LICENSE_REVOKED']);
  expect((await actions(first.licenseId)).filter((action) => action === 'license.revoked')).toHaveLength(1);
});
