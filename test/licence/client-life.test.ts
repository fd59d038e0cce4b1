import { chmod, copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { newNodeState, writeState } from '../../src/licence/client/state-file.ts';
import type { LicenceFetch, LicenceSnapshot } from '../../src/licence/client/types.ts';
import { type LicenceWorld, product, startLicenceWorld } from './support/licence-server.ts';
import { standingClock, startNodes, until } from './support/node.ts';

const hour = 3_600_000;
let world: LicenceWorld;
let nodes: Awaited<ReturnType<typeof startNodes>>;
/** The connection between the nodes and the server. */
let link: LicenceFetch;
const through: LicenceFetch = (url, init) => fetch(url.replace('http://licence.test', world.url()), init);
const cut: LicenceFetch = () => Promise.reject(new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } }));
/** The server answers, but the answer is lost. */
const deaf: LicenceFetch = async (url, init) => {
  await (await through(url, init)).text();
  return cut(url, init);
};

beforeAll(async () => {
  world = await startLicenceWorld();
  nodes = await startNodes(() => link);
  await world.putPlan('GROW', { limits: { plugins: 3, users: 1 }, addOns: { users: { limits: { users: 1 } } } });
});
afterAll(async () => {
  await nodes.stop();
  await world.stop();
});
beforeEach(() => {
  link = through;
});

async function enrolled(request: Parameters<LicenceWorld['issue']>[0] = {}) {
  const licence = await world.issue({ plan: 'GROW', ...request });
  const { enrollmentToken } = await world.enrol(licence.licenseId);
  const stateFile = nodes.newStateFile();
  const time = standingClock();
  const client = nodes.client({ stateFile, enrollmentToken, clock: time.clock });
  await client.start();
  await client.check();
  return { licence, enrollmentToken, stateFile, time, client };
}

const standing = (licenseId: string, value: string, revision: number) =>
  world.admin('POST', `/licenses/${licenseId}/standing`, { standing: value, revision });

describe('a node', () => {
  test('enrols once, checks, and tells the product what its licence allows', async () => {
    const { licence, client, stateFile } = await enrolled();
    const snapshot = client.status();
    expect(snapshot).toMatchObject({ state: 'OK', effect: 'none', plan: 'GROW', revision: 1, reason: null });
    expect(snapshot.limits).toEqual({ plugins: 3, users: 1 });
    const [activation] = (await world.view(licence.licenseId)).activations;
    expect(activation).toMatchObject({
      instanceId: snapshot.activationId,
      nodeName: 'n1',
      status: 'active',
      planRev: 1,
    });
    expect(activation?.firstCheckAt).not.toBeNull();
    expect((await stat(stateFile)).mode & 0o777).toBe(0o600);
  });

  test('takes new limits at its next check, with no restart', async () => {
    const { licence, client, time } = await enrolled();
    const seen: LicenceSnapshot[] = [];
    client.onChange((snapshot) => seen.push(snapshot));
    const push = { revision: 1, plan: 'GROW', seats: 1, addOns: { users: 4 } };
    await world.admin('POST', `/licenses/${licence.licenseId}/entitlements`, push);
    time.advance(1.11 * hour);
    await until('new limits', () => client.status().revision === 2);
    expect(client.status().limits).toEqual({ plugins: 3, users: 5 });
    expect(seen.at(-1)?.revision).toBe(2);
  });

  test('checks each interval, spread by its jitter', async () => {
    const { time } = await enrolled();
    expect(time.nextTimer()).toBeGreaterThanOrEqual(0.9 * hour);
    expect(time.nextTimer()).toBeLessThanOrEqual(1.1 * hour);
  });

  test('locks on a signed suspension, stays so over a restart, and one good check unlocks it', async () => {
    const { licence, client, stateFile } = await enrolled();
    await standing(licence.licenseId, 'suspended', 2);
    expect(await client.check()).toMatchObject({
      state: 'LOCKED',
      effect: 'readonly',
      reason: { code: 'SUBSCRIPTION_NOT_ACTIVE', num: 103 },
    });
    await client.stop();
    link = cut;
    const again = nodes.client({ stateFile });
    await again.start();
    expect(again.status().state).toBe('LOCKED');
    await until('first attempt', () => again.status().nextCheckAt !== null);
    expect(again.status()).toMatchObject({ state: 'LOCKED', reason: { code: 'SUBSCRIPTION_NOT_ACTIVE' } });
    link = through;
    await standing(licence.licenseId, 'past_due', 3);
    const unlocked = await again.check();
    expect(unlocked).toMatchObject({ state: 'OK', effect: 'none', reason: null });
    expect(unlocked.notices.map(({ code }) => code)).toEqual(['PAST_DUE']);
  });

  test('L18: locks when it was deactivated', async () => {
    const { client } = await enrolled();
    await world.admin('POST', `/instances/${client.status().activationId}/deactivate`);
    expect(await client.check()).toMatchObject({ state: 'LOCKED', reason: { code: 'INSTANCE_NOT_ACTIVE', num: 108 } });
  });

  test('L24: asks for a lost enrolment and a lost check again, also as a new process', async () => {
    const licence = await world.issue({ plan: 'GROW' });
    const { enrollmentToken } = await world.enrol(licence.licenseId);
    const stateFile = nodes.newStateFile();
    link = deaf;
    const first = nodes.client({ stateFile, enrollmentToken });
    await first.start();
    expect(await first.check()).toMatchObject({ state: 'NONE', reason: { code: 'CONNECTION_ERROR' } });
    await first.stop();
    expect((await world.view(licence.licenseId)).activations).toMatchObject([{ status: 'active', firstCheckAt: null }]);
    link = through;
    const second = nodes.client({ stateFile, enrollmentToken });
    await second.start();
    expect((await second.check()).state).toBe('OK');
    link = deaf;
    expect((await second.check()).state).toBe('GRACE');
    await second.stop();
    link = through;
    const third = nodes.client({ stateFile, enrollmentToken });
    await third.start();
    expect((await third.check()).state).toBe('OK');
    expect((await world.view(licence.licenseId)).activations).toHaveLength(1);
  });

  test('L28: many callers share one check', async () => {
    const { client } = await enrolled();
    let requests = 0;
    link = (url, init) => {
      requests += 1;
      return through(url, init);
    };
    await Promise.all(Array.from({ length: 20 }, () => client.check()));
    expect(requests).toBe(1);
  });

  test('gives its seat back when it is released, and keeps it when it only stops', async () => {
    const { licence, client } = await enrolled();
    const used = async () => (await world.view(licence.licenseId)).seats.production.used;
    await client.stop();
    expect(await used()).toBe(1);
    await client.start();
    await client.release();
    expect(await used()).toBe(0);
    expect(client.status()).toMatchObject({ state: 'NONE', activationId: null });
  });

  test('L32: restored from a backup it is stale, and recovers with the token of a new generation', async () => {
    const { licence, client, stateFile } = await enrolled();
    await copyFile(stateFile, `${stateFile}.backup`);
    await client.check();
    await client.check();
    await client.stop();
    await copyFile(`${stateFile}.backup`, stateFile);
    const stale = nodes.client({ stateFile });
    await stale.start();
    expect(await stale.check()).toMatchObject({ state: 'LOCKED', reason: { code: 'STALE_SECRET' } });
    await stale.stop();
    const { enrollmentToken } = await world.enrol(licence.licenseId, 'n1', 2);
    const recovered = nodes.client({ stateFile, enrollmentToken });
    await recovered.start();
    expect((await recovered.check()).state).toBe('OK');
    expect((await world.view(licence.licenseId)).activations).toHaveLength(1);
  });

  test('L31: a copy becomes a node of its own where a seat is free; without one it locks', async () => {
    const licence = await world.issue({ plan: 'GROW', seats: 2 });
    const proof = { licenseKey: licence.licenseKey };
    const stateFile = nodes.newStateFile();
    const original = nodes.client({ stateFile, ...proof });
    await original.start();
    await original.check();
    const copies = [nodes.newStateFile(), nodes.newStateFile()];
    for (const copy of copies) {
      await mkdir(dirname(copy), { recursive: true });
      await copyFile(stateFile, copy);
    }
    await original.check();
    const [second, third] = copies.map((copy) => nodes.client({ stateFile: copy, ...proof }));
    await second?.start();
    expect((await second?.check())?.state).toBe('OK');
    expect(second?.status().activationId).not.toBe(original.status().activationId);
    await third?.start();
    expect(await third?.check()).toMatchObject({ state: 'LOCKED', reason: { code: 'CLONE_SUSPECTED' } });
    expect((await original.check()).state).toBe('OK');
    expect((await second?.check())?.state).toBe('OK');
  });
});

describe('a copied machine', () => {
  test('of many hosts from one image that share an activation id, the late ones become nodes of their own', async () => {
    const licence = await world.issue({ plan: 'GROW', seats: 2 });
    const image = newNodeState(product, 'golden', Date.now());
    const start = async () => {
      const stateFile = nodes.newStateFile();
      await writeState(stateFile, image);
      const client = nodes.client({ stateFile, licenseKey: licence.licenseKey, node: { name: 'golden' } });
      await client.start();
      return { client, stateFile };
    };
    // The first five have the activation id in common; only one of them checks.
    const body = { activationId: image.chosenId, node: { name: 'golden' } };
    for (const bootId of ['b1', 'b2', 'b3', 'b4', 'b5']) {
      expect((await world.activate(licence.licenseKey, { ...body, bootId })).status).toBeLessThan(300);
    }
    const { client } = await start();
    expect(await client.check()).toMatchObject({ state: 'NONE', reason: { code: 'CLONE_SUSPECTED' } });
    expect((await client.check()).state).toBe('OK');
    const names = (await world.view(licence.licenseId)).activations.map(({ nodeName }) => nodeName).sort();
    expect(names).toEqual(['golden', expect.stringMatching(/^golden~[0-9a-f]{6}$/)]);
  });

  test('L29: the copy that comes later is locked at its second check at the latest; the first is not disturbed', async () => {
    const { client, stateFile, licence } = await enrolled();
    await client.stop();
    const copy = nodes.newStateFile();
    await mkdir(dirname(copy), { recursive: true });
    await copyFile(stateFile, copy);
    const [first, later] = [stateFile, copy].map((file) => nodes.client({ stateFile: file }));
    await first?.start();
    expect((await first?.check())?.state).toBe('OK');
    await later?.start();
    expect(await later?.check()).toMatchObject({ state: 'LOCKED', reason: { code: 'CLONE_SUSPECTED', num: 110 } });
    for (let round = 0; round < 3; round += 1) expect((await first?.check())?.state).toBe('OK');
    expect((await later?.check())?.state).toBe('LOCKED');
    expect((await world.view(licence.licenseId)).seats.production.used).toBe(1);
  });

  test('L27: a state that was used since is refused, signed, and nothing of the real node changes', async () => {
    const { client, stateFile } = await enrolled();
    const copy = nodes.newStateFile();
    await mkdir(dirname(copy), { recursive: true });
    await copyFile(stateFile, copy);
    await client.check();
    await client.check();
    const other = nodes.client({ stateFile: copy });
    await other.start();
    const locked = await other.check();
    expect(locked).toMatchObject({ state: 'LOCKED', reason: { code: 'STALE_SECRET' } });
    expect(locked.verdict?.refusal?.num).toBe(111);
    expect((await client.check()).state).toBe('OK');
  });

  test('L32: restored by hand, with the licence key, three times a day', async () => {
    const licence = await world.issue({ plan: 'GROW' });
    const stateFile = nodes.newStateFile();
    const proof = { licenseKey: licence.licenseKey };
    const client = nodes.client({ stateFile, ...proof });
    await client.start();
    await client.check();
    await client.stop();
    await copyFile(stateFile, `${stateFile}.backup`);
    for (let round = 1; round <= 4; round += 1) {
      await copyFile(`${stateFile}.backup`, stateFile);
      const reported: unknown[] = [];
      const restored = nodes.client({ stateFile, ...proof, log: ({ detail }) => reported.push(detail?.code) });
      await restored.start();
      const outcome = await restored.recover();
      if (round <= 3) {
        expect(outcome).toMatchObject({ state: 'OK', activationId: client.status().activationId });
      } else {
        expect(outcome).toMatchObject({ state: 'LOCKED', reason: { code: 'STALE_SECRET' } });
        expect(reported).toContain('RECOVERY_REFUSED');
      }
      await restored.stop();
    }
  });
});

describe('without the server', () => {
  test('L39: works for 23 h 59, locks after 24 h 01, and is back with one good check', async () => {
    const { client, time } = await enrolled();
    link = cut;
    expect(await client.check()).toMatchObject({ state: 'GRACE', reason: { code: 'CONNECTION_ERROR', num: 400 } });
    const notices = () => client.status().notices.map(({ code }) => code);
    expect(notices()).toEqual([]);
    time.advance(12.1 * hour);
    expect(notices()).toEqual(['GRACE_50']);
    time.advance(6 * hour);
    expect(notices()).toEqual(['GRACE_75']);
    time.advance(5.88 * hour);
    expect([client.status().state, notices()]).toEqual(['GRACE', ['GRACE_90']]);
    time.advance(0.04 * hour);
    expect(client.status()).toMatchObject({ state: 'LOCKED', effect: 'readonly', reason: { code: 'GRACE_EXPIRED' } });
    await world.server().kill('SIGTERM');
    await world.start({ FREEHOLD_CLOCK_OFFSET_MS: String(Math.round(24.02 * hour)) });
    link = through;
    time.advance(hour);
    await until('unlocked', () => client.status().state === 'OK');
    await world.server().kill('SIGTERM');
    await world.start();
  });

  test('tells the product by itself when the grace period ends', async () => {
    const { client, time } = await enrolled();
    const states: string[] = [];
    client.onChange(({ state }) => states.push(state));
    link = cut;
    await client.check();
    time.advance(24.01 * hour);
    expect(states.at(-1)).toBe('LOCKED');
  });

  test('L40, L41: a restart starts from the last verdict and does not make the grace period longer', async () => {
    const { client, time, stateFile } = await enrolled();
    link = cut;
    for (let restart = 0, last = client; restart < 3; restart += 1) {
      await last.stop();
      time.advance(7.9 * hour);
      const next = nodes.client({ stateFile, clock: time.clock });
      await next.start();
      expect(['OK', 'GRACE']).toContain(next.status().state);
      expect(next.status().limits).toEqual({ plugins: 3, users: 1 });
      expect((await next.check()).state).toBe('GRACE');
      last = next;
      if (restart === 2) {
        time.advance(0.5 * hour);
        expect(last.status()).toMatchObject({ state: 'LOCKED', reason: { code: 'GRACE_EXPIRED' } });
      }
    }
  });

  test('L42: a clock that was set back gives no grace; a good check does', async () => {
    const { client, time, stateFile } = await enrolled();
    link = cut;
    await client.check();
    await client.stop();
    time.setBack(48 * hour);
    for (let restart = 0; restart < 2; restart += 1) {
      const again = nodes.client({ stateFile, clock: time.clock });
      await again.start();
      expect(await again.check()).toMatchObject({ state: 'LOCKED', reason: { code: 'CLOCK_ROLLBACK', num: 114 } });
      await again.stop();
    }
    link = through;
    const online = nodes.client({ stateFile, clock: time.clock });
    await online.start();
    expect((await online.check()).state).toBe('OK');
    // From here on its clock is two days behind, which does not matter.
    await online.stop();
    link = cut;
    const offline = nodes.client({ stateFile, clock: time.clock });
    await offline.start();
    expect((await offline.check()).state).toBe('GRACE');
    time.advance(24.1 * hour);
    expect(offline.status().reason?.code).toBe('GRACE_EXPIRED');
  });

  test('L43: a clock ten minutes ahead is fine', async () => {
    const { client, time } = await enrolled();
    time.advance(0, 600_000);
    expect((await client.check()).state).toBe('OK');
    link = cut;
    await client.check();
    time.advance(23.7 * hour);
    expect(client.status().state).toBe('GRACE');
  });

  test('L44: a frozen or turned back wall clock does not stop the deadline', async () => {
    const { client, time } = await enrolled();
    link = cut;
    await client.check();
    time.setBack(10 * hour);
    time.advance(23.9 * hour, 0);
    expect(client.status().state).toBe('GRACE');
    time.advance(0.2 * hour, 0);
    expect(client.status()).toMatchObject({ state: 'LOCKED', reason: { code: 'GRACE_EXPIRED' } });
  });
});

describe('the state file (L52)', () => {
  test('corrupt: a clear error, and no seat is burned', async () => {
    const licence = await world.issue({ plan: 'GROW' });
    const { enrollmentToken } = await world.enrol(licence.licenseId);
    const stateFile = nodes.newStateFile();
    await mkdir(dirname(stateFile), { recursive: true });
    for (const text of ['', '{', '{"version":1}', 'null']) {
      await writeFile(stateFile, text);
      const client = nodes.client({ stateFile, enrollmentToken });
      await expect(client.start()).rejects.toMatchObject({ code: 'STATE_FILE_CORRUPT' });
      expect(await readFile(stateFile, 'utf8')).toBe(text);
    }
    expect((await world.view(licence.licenseId)).activations).toEqual([]);
  });

  test('not writable: a clear error, and no seat is burned', async () => {
    const licence = await world.issue({ plan: 'GROW' });
    const { enrollmentToken } = await world.enrol(licence.licenseId);
    const stateFile = nodes.newStateFile();
    // A folder at the draft's path blocks everybody, including the superuser.
    await mkdir(`${stateFile}.new/in-the-way`, { recursive: true });
    await chmod(dirname(stateFile), 0o700);
    const client = nodes.client({ stateFile, enrollmentToken });
    await expect(client.start()).rejects.toMatchObject({ code: 'STATE_FILE_UNUSABLE' });
    expect((await world.view(licence.licenseId)).activations).toEqual([]);
  });

  test('a disk that fills up later: the node goes on in grace and rotates nothing', async () => {
    const { client, stateFile, licence } = await enrolled();
    await mkdir(`${stateFile}.new/in-the-way`, { recursive: true });
    const before = (await world.view(licence.licenseId)).activations[0]?.lastCheckAt;
    expect(await client.check()).toMatchObject({ state: 'GRACE', reason: { code: 'STATE_FILE_UNUSABLE' } });
    expect((await world.view(licence.licenseId)).activations[0]?.lastCheckAt).toBe(before);
  });

  test('in use by another client: a clear error', async () => {
    const { client, stateFile } = await enrolled();
    const second = nodes.client({ stateFile });
    await expect(second.start()).rejects.toMatchObject({ code: 'STATE_IN_USE' });
    await client.stop();
    await second.start();
    expect((await second.check()).state).toBe('OK');
  });
});
