import { defaultIssuer } from '../../../src/licence/protocol/verdict.ts';
import { licenceKeyText, normaliseLicenceKey } from '../../../src/licence/server/keys/licence-key.ts';
import { startDatabase } from '../../support/database.ts';
import { now, pass } from './fixed.ts';
import { clocks, restarts, retryDelays } from './node-rules.ts';
import { offlineFileVectors } from './offline.ts';
import { type RecordedServer, startRecordedServer } from './server.ts';
import type { Call, Vectors } from './shape.ts';
import { serverKeys, serverKeysAfterRoll, trustVectors } from './trust.ts';
import { verdictVectors } from './verdicts.ts';

const product = 'example-product';
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/** Makes every call of the protocol to a real server, and returns requests and answers. */
export async function recordVectors(): Promise<Vectors> {
  const database = await startDatabase();
  try {
    const recorder = createRecorder(await startRecordedServer(database.uri, serverKeys));
    await recorder.prepare();
    await enrolment(recorder);
    await rotation(recorder);
    await withoutRequestIds(recorder);
    await activation(recorder);
    await takeover(recorder);
    await standing(recorder);
    await ending(recorder);
    await recovery(recorder);
    await keptActivationId(recorder);
    await validation(recorder);
    await limits(recorder);
    await notUnderstood(recorder);
    const files = await offlineFiles(recorder);
    await recorder.server().stop();
    recorder.continueWith(await startRecordedServer(database.uri, serverKeysAfterRoll));
    await roll(recorder);
    await recorder.server().stop();
    const { calls, licences, enrollmentTokens } = recorder;
    return {
      about: 'Test vectors of the licence protocol, made by test/licence/vectors/make.ts. Every key in here is public.',
      issuer: defaultIssuer,
      product,
      serverKeys,
      serverKeysAfterRoll,
      jwks: recorder.answerOf('keys') as Vectors['jwks'],
      licences,
      enrollmentTokens,
      licenceKeys: typedKeys(licences.hosted!.licenseKey),
      calls,
      verdicts: verdictVectors(calls),
      offlineFiles: offlineFileVectors(files),
      retryDelays,
      clocks,
      restarts,
      trust: await trustVectors(),
    };
  } finally {
    await database.stop();
  }
}

type Body = Record<string, unknown>;

/** Makes the calls one after another and records requests and answers. */
function createRecorder(first: RecordedServer) {
  let server = first;
  let nonces = 0;
  const calls: Call[] = [];
  const licences: Vectors['licences'] = {};
  const enrollmentTokens: Vectors['enrollmentTokens'] = {};
  const licenceId = (name: string) => licences[name]!.licenseId;

  async function post(id: string, about: string, path: string, body: Body): Promise<Body> {
    const call = await server.call(id, about, { method: 'POST', path, body });
    calls.push(call);
    return call.answer.body ?? {};
  }
  const nonce = () => `nonce-${String(++nonces).padStart(4, '0')}`;

  return {
    calls,
    licences,
    enrollmentTokens,
    server: () => server,
    continueWith(next: RecordedServer) {
      server = next;
    },
    answerOf: (id: string) => calls.find((call) => call.id === id)?.answer.body as Body,
    post,
    async get(id: string, about: string, path: string): Promise<void> {
      calls.push(await server.call(id, about, { method: 'GET', path }));
    },
    async prepare(): Promise<void> {
      await server.admin('PUT', `/products/${product}`, { name: 'Example' });
      const plan = { name: 'Team', limits: { devices: 50, users: null }, features: { branding: false } };
      await server.admin('PUT', `/products/${product}/plans/TEAM`, plan);
    },
    async issue(name: string, seats: number, standing = 'current'): Promise<string> {
      const request = { product, plan: 'TEAM', seats, externalRef: name, revealKey: true };
      const body = { ...request, standing: { standing, revision: 1 } };
      const key = { 'Idempotency-Key': `vectors-${name}` };
      const issued = await server.admin<{ licenseId: string; licenseKey: string }>('POST', '/licenses', body, key);
      licences[name] = { licenseId: issued.licenseId, licenseKey: issued.licenseKey };
      return issued.licenseKey;
    },
    async issueToken(licence: string, nodeName: string, generation = 1): Promise<string> {
      const request = { licenseId: licenceId(licence), nodeName, generation };
      const { enrollmentToken } = await server.admin<{ enrollmentToken: string }>('POST', '/enrollments', request);
      enrollmentTokens[`${licence}/${nodeName}/${generation}`] = enrollmentToken;
      return enrollmentToken;
    },
    push: (licence: string, what: 'standing' | 'entitlements', body: Body) =>
      server.admin('POST', `/licenses/${licenceId(licence)}/${what}`, body),
    async issueFile(licence: string, body: { clusterId?: string; fingerprint?: string; seats?: number; days: number }) {
      const key = { 'Idempotency-Key': `vectors-file-${body.clusterId ?? body.fingerprint}` };
      const path = `/licenses/${licenceId(licence)}/offline-files`;
      return (await server.admin<{ file: string }>('POST', path, body, key)).file;
    },
    deactivate: (instanceId: string) => server.admin('POST', `/instances/${instanceId}/deactivate`, {}),
    redeem: (id: string, about: string, body: Body) =>
      post(id, about, '/v1/enrollments/redeem', { product, version: '1.4.2', ...body, nonce: nonce() }),
    activate: (id: string, about: string, body: Body) =>
      post(id, about, '/v1/activations', { product, version: '1.4.2', ...body, nonce: nonce() }),
    check: (id: string, about: string, instanceId: string, body: Body) =>
      post(id, about, `/v1/instances/${instanceId}/check`, { ...body, nonce: nonce() }),
    recover: (id: string, about: string, instanceId: string, body: Body) =>
      post(id, about, `/v1/instances/${instanceId}/recover`, { ...body, nonce: nonce() }),
    release: (id: string, about: string, instanceId: string, secret: string) =>
      post(id, about, `/v1/instances/${instanceId}/release`, { secret }),
  };
}
type Recorder = ReturnType<typeof createRecorder>;

/** The instance and secret of a grant. */
function granted(answer: Body): { instance: string; secret: string } {
  return { instance: answer.instanceId as string, secret: answer.secret as string };
}

async function enrolment(t: Recorder): Promise<void> {
  await t.get('keys', 'The public keys: the one in use and the next one.', '/.well-known/license-keys.json');
  await t.issue('hosted', 2);
  const enrollmentToken = await t.issueToken('hosted', 'n1');
  const node = { name: 'n1', hostname: 'n1.example.org', provider: 'example', region: 'eu-1' };
  const body = { enrollmentToken, activationId: 'n1-activation-1', node, bootId: 'n1-boot-1' };
  await t.redeem('enrol', 'A node redeems its token and wins a seat.', body);
  pass(2 * second);
  await t.redeem('enrol-repeated', 'The answer was lost: the same activationId gets the same seat and secret.', body);
  const stranger = { ...body, activationId: 'stranger-activation' };
  await t.redeem('enrol-used', 'A token is good for one node: another activationId is refused.', stranger);
  await t.redeem('enrol-unknown', 'A token that was never issued.', { ...body, enrollmentToken: 'x'.repeat(43) });
}

async function rotation(t: Recorder): Promise<void> {
  const { instance, secret: s0 } = granted(t.answerOf('enrol'));
  const boot = { bootId: 'n1-boot-1', version: '1.4.2' };
  const first = { secret: s0, requestId: 'n1-check-1', ...boot, clientTime: '2030-01-15T12:00:02.000Z' };
  const { secret: s1 } = await t.check('check', 'The current secret: rotated.', instance, first);
  pass(30 * second);
  await t.check('check-repeated', 'The answer was lost: same secret, same requestId, same answer.', instance, first);
  pass(hour);
  const next = { secret: s1, requestId: 'n1-check-2', ...boot };
  const { secret: s2 } = await t.check('check-next', 'The next check, with the next secret.', instance, next);
  pass(72 * hour);
  const late = { ...next, bootId: 'n1-boot-2' };
  const aboutLate = 'The node was off for three days before it could store the answer: no time limit.';
  await t.check('check-repeated-late', aboutLate, instance, late);
  pass(hour);
  const third = { secret: s2, requestId: 'n1-check-3', ...boot, bootId: 'n1-boot-2' };
  const { secret: s3 } = await t.check('check-first-thread', 'One of two threads.', instance, third);
  pass(60);
  const thread = { ...third, requestId: 'n1-check-4' };
  const aboutThread = 'The other thread of the same boot, 60 ms later: the same new secret.';
  await t.check('check-second-thread', aboutThread, instance, thread);
  pass(minute);
  const copy = { ...third, requestId: 'copy-check-1', bootId: 'copy-boot-1' };
  const aboutClone = 'A copy of the node: the previous secret with another requestId. Signed.';
  await t.check('check-clone', aboutClone, instance, copy);
  const restored = { secret: s0, requestId: 'n1-check-5', ...boot };
  await t.check('check-stale', 'A state restored from a backup: an older secret. Signed.', instance, restored);
  const guess = { secret: 'a-secret-that-was-never-issued', requestId: 'guess-check-1', ...boot };
  await t.check('check-invalid-secret', 'A secret that was never issued. Not signed: never locks.', instance, guess);
  pass(hour);
  const original = { secret: s3, requestId: 'n1-check-6', ...boot, bootId: 'n1-boot-2' };
  await t.check('check-original', 'The original goes on undisturbed.', instance, original);
}

async function withoutRequestIds(t: Recorder): Promise<void> {
  const { licenseKey } = t.licences.hosted!;
  const node = { name: 'n2' };
  const request = { licenseKey, activationId: 'n2-activation-1', mode: 'production', node, bootId: 'n2-boot-1' };
  const grant = await t.activate('activate', 'A node activates with the licence key.', request);
  const { instance, secret: s0 } = granted(grant);
  const typed = { ...request, licenseKey: ` "${licenseKey.toLowerCase().replaceAll('-', ' ')}" ` };
  const aboutTyped = 'The same activationId again before the first check; the key as a person typed it.';
  await t.activate('activate-repeated', aboutTyped, typed);
  pass(hour);
  const { secret: s1 } = await t.check('old-check', 'A client that sends no requestId.', instance, { secret: s0 });
  pass(minute);
  await t.check('old-check-repeated', 'Its previous secret is good once more.', instance, { secret: s0 });
  pass(hour);
  await t.check('old-check-next', 'The next round.', instance, { secret: s1 });
  pass(minute);
  const aboutLockStep = 'Repeated in two rounds in a row: two copies follow each other. Signed.';
  await t.check('old-check-clone', aboutLockStep, instance, { secret: s1 });
  await t.activate('activate-already', 'The activationId was used and has checked since.', request);
  const third = { ...request, activationId: 'n3-activation-1', node: { name: 'n3' } };
  await t.activate('activate-full', 'A third node on two seats.', third);
}

async function activation(t: Recorder): Promise<void> {
  pass(hour);
  const node = { name: 'n4' };
  const request = { activationId: 'n4-activation-1', node };
  const { licenseKey } = t.licences.hosted!;
  const last = licenseKey.at(-1) === '7' ? '8' : '7';
  const mistyped = licenseKey.slice(0, -1) + last;
  await t.activate('activate-mistyped', 'A key whose checksum is wrong.', { ...request, licenseKey: mistyped });
  const never = licenceKeyText(Buffer.alloc(16, 7));
  await t.activate('activate-unknown-key', 'A key that was never issued.', { ...request, licenseKey: never });
  const other = { ...request, licenseKey, product: 'other-product' };
  await t.activate('activate-other-product', 'A key of another product: the same answer.', other);
  const unpaid = await t.issue('unpaid', 1, 'pending');
  await t.activate('activate-unpaid', 'A licence that is not paid yet.', { ...request, licenseKey: unpaid });
}

async function takeover(t: Recorder): Promise<void> {
  pass(hour);
  const licenseKey = await t.issue('pods', 1);
  const node = { name: 'pod', clusterId: 'cluster-a' };
  const request = (count: number) => ({ licenseKey, activationId: `pod-activation-${count}`, node });
  const first = await t.activate('activate-pod', 'A pod activates.', request(1));
  const aboutNext = 'Its successor with the same name and clusterId takes over the seat.';
  await t.activate('activate-successor', aboutNext, request(2));
  const { instance, secret } = granted(first);
  const check = { secret, requestId: 'pod-check-1' };
  await t.check('check-replaced', 'The pod that was replaced. Signed.', instance, check);
  await t.activate('activate-successor-2', 'A second successor within ten minutes.', request(3));
  await t.activate('activate-successor-3', 'A third one.', request(4));
  const aboutFlapping = 'The fourth takeover within ten minutes: two nodes fight for one name.';
  await t.activate('activate-flapping', aboutFlapping, request(5));
}

async function standing(t: Recorder): Promise<void> {
  pass(hour);
  const licenseKey = await t.issue('standing', 1);
  const request = { licenseKey, activationId: 'n5-activation-1', node: { name: 'n5' } };
  const { instance, secret: s0 } = granted(await t.activate('activate-n5', 'A node of its own licence.', request));
  const check = (id: string, about: string, secret: unknown, requestId: string) =>
    t.check(id, about, instance, { secret, requestId });
  await t.push('standing', 'standing', { standing: 'past_due', revision: 2 });
  const { secret: s1 } = await check('check-past-due', 'A payment is overdue: a notice, no more.', s0, 'n5-check-1');
  pass(hour);
  const entitlements = { revision: 1, plan: 'TEAM', seats: 1, limits: { devices: 200 }, features: { branding: true } };
  await t.push('standing', 'entitlements', entitlements);
  const { secret: s2 } = await check('check-plan-changed', 'The plan was changed meanwhile.', s1, 'n5-check-2');
  pass(hour);
  await t.push('standing', 'standing', { standing: 'suspended', revision: 3 });
  await check('check-suspended', 'The licence is suspended. Signed; nothing is rotated.', s2, 'n5-check-3');
  pass(hour);
  await t.push('standing', 'standing', { standing: 'current', revision: 4 });
  const aboutAgain = 'Reinstated: the same secret and the same requestId are good.';
  const { secret: s3 } = await check('check-reinstated', aboutAgain, s2, 'n5-check-3');
  pass(hour);
  const quota = { secret: s3, requestId: 'n5-check-4', usage: { devices: 201 } };
  const { secret: s4 } = await t.check('check-over-quota', 'More devices than the plan allows.', instance, quota);
  pass(hour);
  const endsAt = new Date(now() + 6 * hour).toISOString();
  await t.push('standing', 'standing', { standing: 'current', revision: 5, endsAt });
  await check('check-cancelled', 'Cancelled to a date: the verdict ends then, also offline.', s4, 'n5-check-5');
}

async function ending(t: Recorder): Promise<void> {
  pass(hour);
  const licenseKey = await t.issue('ending', 2);
  const request = (name: string) => ({ licenseKey, activationId: `${name}-activation-1`, node: { name } });
  const n6 = granted(await t.activate('activate-n6', 'A node that will be deactivated.', request('n6')));
  await t.deactivate(n6.instance);
  const check = (requestId: string, secret: string) => ({ secret, requestId });
  const aboutDeactivated = 'An administrator deactivated it. Signed.';
  await t.check('check-deactivated', aboutDeactivated, n6.instance, check('n6-check-1', n6.secret));
  const n7 = granted(await t.activate('activate-n7', 'A node that will be taken down.', request('n7')));
  await t.release('release', 'It gives its seat back.', n7.instance, n7.secret);
  await t.release('release-repeated', 'A second time changes nothing.', n7.instance, n7.secret);
  await t.release('release-invalid-secret', 'Nobody else can.', n7.instance, 'a-secret-that-was-never-issued');
  await t.check('check-released', 'It checks all the same. Signed.', n7.instance, check('n7-check-1', n7.secret));
}

async function recovery(t: Recorder): Promise<void> {
  pass(hour);
  const licenseKey = await t.issue('recovery', 1);
  const node = { name: 'n8', fingerprint: 'machine-8' };
  const request = { licenseKey, activationId: 'n8-activation-1', node };
  const { instance, secret } = granted(await t.activate('activate-n8', 'A node whose state will be lost.', request));
  await t.check('check-n8', 'Its check.', instance, { secret, requestId: 'n8-check-1' });
  pass(hour);
  const body = { licenseKey, requestId: 'n8-recover-1', node, bootId: 'n8-boot-2' };
  const { secret: recovered } = await t.recover('recover', 'The same node with the licence key.', instance, body);
  await t.recover('recover-repeated', 'The answer was lost: the same answer.', instance, body);
  const copy = { secret, requestId: 'n8-check-2' };
  await t.check('check-before-recovery', 'Who still has the state of before is the copy now. Signed.', instance, copy);
  const next = { secret: recovered, requestId: 'n8-check-3' };
  await t.check('check-recovered', 'The recovered node checks.', instance, next);
  const other = { ...body, requestId: 'n9-recover-1', node: { name: 'n9' } };
  await t.recover('recover-other-node', 'Another node cannot.', instance, other);
  const both = { ...body, requestId: 'n8-recover-2', enrollmentToken: 'x'.repeat(43) };
  await t.recover('recover-two-proofs', 'Licence key and enrolment token at once.', instance, both);
  await t.recover('recover-2', 'A second time.', instance, { ...body, requestId: 'n8-recover-2' });
  const { licenseKey: _, ...withoutKey } = body;
  const enrollmentToken = await t.issueToken('recovery', 'n8');
  const byToken = { ...withoutKey, enrollmentToken, requestId: 'n8-recover-3' };
  const aboutToken = 'A third time, with a new enrolment token: that is for the first node that uses it.';
  await t.recover('recover-by-token', aboutToken, instance, byToken);
  await t.recover('recover-too-often', 'A fourth time on one day.', instance, { ...body, requestId: 'n8-recover-4' });
  const lost = { secret: t.answerOf('recover-by-token').secret, requestId: 'n8-check-4', bootId: 'n8-boot-2' };
  await t.check('check-lost', 'A check whose answer is lost.', instance, lost);
  const aboutLost = 'The id of that check: its answer again, which is not a recovery and counts as none.';
  await t.recover('recover-lost-check', aboutLost, instance, { ...body, requestId: 'n8-check-4' });
}

async function keptActivationId(t: Recorder): Promise<void> {
  pass(hour);
  const licenseKey = await t.issue('crowded', 1);
  const first = { licenseKey, activationId: 'n10-activation-1', node: { name: 'n10' } };
  const holder = granted(await t.activate('activate-n10', 'The node that holds the only seat.', first));
  const enrollmentToken = await t.issueToken('crowded', 'n11');
  const body = { enrollmentToken, activationId: 'n11-activation-1', node: { name: 'n11' } };
  await t.redeem('redeem-full', 'A token, but all seats are in use: nothing is used up.', body);
  const another = { ...body, activationId: 'n11-activation-2' };
  await t.redeem('redeem-other-id', 'The token is bound to the first activationId all the same.', another);
  await t.release('release-n10', 'The seat becomes free.', holder.instance, holder.secret);
  await t.redeem('redeem-kept-id', 'The activationId that was refused is good now.', body);
}

async function validation(t: Recorder): Promise<void> {
  pass(hour);
  const ask = (id: string, about: string, licence: string, nonce?: string) =>
    t.post(id, about, '/v1/licenses/validate', { licenseKey: t.licences[licence]!.licenseKey, product, nonce });
  await ask('validate', 'Whether a key is valid; takes no seat.', 'hosted', 'nonce-validate-1');
  await ask('validate-unpaid', 'A licence that is not paid yet.', 'unpaid');
}

async function limits(t: Recorder): Promise<void> {
  pass(hour);
  const { instance, secret } = granted(t.answerOf('activate-successor-3'));
  let current: unknown = secret;
  for (let round = 1; round <= 5; round += 1) {
    const body = { secret: current, requestId: `pod-often-${round}` };
    ({ secret: current } = await t.check(`check-often-${round}`, `Check ${round} at once.`, instance, body));
  }
  const sixth = { secret: current, requestId: 'pod-often-6' };
  await t.check('check-too-often', 'A sixth check at once: wait for Retry-After. Not signed.', instance, sixth);
}

async function notUnderstood(t: Recorder): Promise<void> {
  pass(hour);
  const { instance } = granted(t.answerOf('enrol'));
  const operator = { secret: { $gt: '' }, requestId: 'bad-check-1' };
  await t.check('bad-check-operator', 'An object where a secret should be.', instance, operator);
  await t.check('bad-check-short', 'A secret that is too short.', instance, { secret: 'short' });
  const body = { secret: 'a-secret-that-was-never-issued', requestId: 'bad-check-2' };
  await t.check('bad-instance-id', 'An instance id that cannot be one.', 'no-such-instance', body);
  await t.check('check-unknown-instance', 'An instance that does not exist.', 'act_0000000000000000', body);
  const { licenseKey } = t.licences.hosted!;
  const nameless = { licenseKey, activationId: 'bad-activation-1', node: {} };
  await t.activate('bad-activation', 'A node without a name.', nameless);
  const short = { licenseKey, activationId: 'short', node: { name: 'n' } };
  await t.activate('bad-activation-id', 'An activationId that is too short.', short);
  await t.get('no-such-call', 'A path that there is not.', '/v1/nothing');
}

/** The licence files of a cluster and of a machine; the calls of an administrator are not recorded. */
async function offlineFiles(t: Recorder): Promise<{ cluster: string; machine: string }> {
  pass(hour);
  await t.issue('offline', 4);
  const cluster = await t.issueFile('offline', { clusterId: 'plant-7', seats: 3, days: 180 });
  const machine = await t.issueFile('offline', { fingerprint: 'tpm-7', days: 30 });
  return { cluster, machine };
}

async function roll(t: Recorder): Promise<void> {
  pass(hour);
  await t.get('keys-after-roll', 'The next key is the current one now.', '/.well-known/license-keys.json');
  const { instance } = granted(t.answerOf('enrol'));
  const { secret } = t.answerOf('check-original');
  const body = { secret, requestId: 'n1-check-7', bootId: 'n1-boot-2', version: '1.4.2' };
  await t.check('check-after-roll', 'Signed by the key that was published as the next one.', instance, body);
}

function typedKeys(key: string): Vectors['licenceKeys'] {
  const texts = [
    key,
    ` ${key.toLowerCase()} `,
    `"${key.replaceAll('-', '')}"`,
    key.replace('FH-', 'XX-'),
    key.slice(0, -1),
  ];
  const oneWrong = [...key].map((char, at) => key.slice(0, at) + (char === '2' ? '3' : '2') + key.slice(at + 1));
  return [...texts, ...oneWrong.filter((text) => text !== key).slice(3, 8)].map((text) => ({
    text,
    normalised: normaliseLicenceKey(text),
  }));
}
