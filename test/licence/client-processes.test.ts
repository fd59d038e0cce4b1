import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { NodeState } from '../../src/licence/client/state-file.ts';
import { type LicenceWorld, startLicenceWorld } from './support/licence-server.ts';
import { startNodes, until } from './support/node.ts';
import { type ProcessOptions, startProduct } from './support/processes.ts';

let world: LicenceWorld;
let nodes: Awaited<ReturnType<typeof startNodes>>;
const running: ReturnType<typeof startProduct>[] = [];

beforeAll(async () => {
  world = await startLicenceWorld();
  nodes = await startNodes(() => fetch);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((product) => product.kill('SIGKILL')));
});
afterAll(async () => {
  await nodes.stop();
  await world.stop();
});

function boot(options: Omit<ProcessOptions, 'serverUrl'>) {
  const product = startProduct({ serverUrl: world.url(), ...options });
  running.push(product);
  return product;
}

async function enrolment(request: Parameters<LicenceWorld['issue']>[0] = {}) {
  const licence = await world.issue(request);
  const { enrollmentToken } = await world.enrol(licence.licenseId);
  return { licence, enrollmentToken, stateFile: nodes.newStateFile() };
}

const stateOf = async (file: string) => NodeState.parse(JSON.parse(await readFile(file, 'utf8')));

describe('the state file between processes', () => {
  test('L52: one process holds it; it is free the moment that process is dead, however it died', async () => {
    const { enrollmentToken, stateFile } = await enrolment();
    const holder = boot({ stateFile, enrollmentToken });
    await holder.said({ state: 'OK' });
    const second = boot({ stateFile });
    expect(await second.ended()).toBe(75);
    expect(second.lines).toEqual([{ failed: `${stateFile} is in use by another process of this node.` }]);
    // A frozen process is alive: it keeps the file lock and its seat.
    holder.signal('SIGSTOP');
    expect(await boot({ stateFile }).ended()).toBe(75);
    await holder.kill('SIGKILL');
    const heir = boot({ stateFile });
    await heir.said({ state: 'OK' });
    expect((await stat(stateFile)).mode & 0o777).toBe(0o600);
  });

  test('a process waits for the one before it, as at an update in place', async () => {
    const { enrollmentToken, stateFile } = await enrolment();
    const old = boot({ stateFile, enrollmentToken });
    await old.said({ state: 'OK' });
    const next = boot({ stateFile, lockWaitMs: 20_000 });
    expect(await old.kill('SIGTERM')).toBe(0);
    await next.said({ state: 'OK' });
  });

  test('a draft that a killed process left is no obstacle, and never read', async () => {
    const { enrollmentToken, stateFile } = await enrolment();
    await mkdir(dirname(stateFile), { recursive: true });
    await writeFile(`${stateFile}.new`, '{"version":1,"half":');
    await boot({ stateFile, enrollmentToken }).said({ state: 'OK' });
    expect((await stateOf(stateFile)).secret).not.toBeNull();
  });
});

describe('a process that dies at the worst moment', () => {
  test('L25: killed between the rotation and its state, off for three days, it goes on without anybody', async () => {
    const { licence, enrollmentToken, stateFile } = await enrolment();
    const first = boot({ stateFile, enrollmentToken });
    await first.said({ state: 'OK' });
    await first.kill('SIGTERM');
    const before = await stateOf(stateFile);
    const killed = boot({ stateFile, crash: true });
    expect(await killed.ended()).toBeNull();
    const left = await stateOf(stateFile);
    expect(left.secret).toBe(before.secret);
    expect(left.requestId).not.toBeNull();

    await world.server().kill('SIGTERM');
    const offset = 3 * 86_400_000;
    await world.start({ FREEHOLD_CLOCK_OFFSET_MS: String(offset) });
    const client = nodes.client({
      stateFile,
      serverUrl: world.url(),
      clock: { now: () => Date.now() + offset, monotonic: () => performance.now(), after: () => () => {} },
    });
    await client.start();
    expect((await client.check()).state).toBe('OK');
    expect((await world.view(licence.licenseId)).activations).toHaveLength(1);
    await client.stop();
    await world.server().kill('SIGTERM');
    await world.start();
  });

  test('L25: killed at any moment, again and again, it is the same node and needs nobody', async () => {
    const { licence, enrollmentToken, stateFile } = await enrolment();
    for (let life = 1; life <= 8; life += 1) {
      const product = boot({ stateFile, enrollmentToken, hurry: true });
      await until('some checks', () => product.lines.length >= 3 + life, 60_000);
      await product.kill('SIGKILL');
      expect((await stateOf(stateFile)).chosenId).toMatch(/^[\w-]{36}$/);
    }
    const last = nodes.client({ stateFile, serverUrl: world.url() });
    await last.start();
    expect((await last.check()).state).toBe('OK');
    expect((await world.view(licence.licenseId)).activations).toMatchObject([{ status: 'active' }]);
    await last.stop();
  });

  test('L30: copied with a request in flight, both are answered once, and the later one is found in the next round', async () => {
    const { enrollmentToken, stateFile } = await enrolment();
    const first = boot({ stateFile, enrollmentToken });
    await first.said({ state: 'OK' });
    await first.kill('SIGTERM');
    await boot({ stateFile, crash: true }).ended();
    const copy = nodes.newStateFile();
    await mkdir(dirname(copy), { recursive: true });
    await copyFile(stateFile, copy);
    const [original, clone] = [stateFile, copy].map((file) =>
      nodes.client({ stateFile: file, serverUrl: world.url() }),
    );
    await original?.start();
    expect((await original?.check())?.state).toBe('OK');
    await clone?.start();
    await clone?.check();
    expect((await original?.check())?.state).toBe('OK');
    const found = await clone?.check();
    expect([found?.state, found?.reason?.code]).toEqual(['LOCKED', 'CLONE_SUSPECTED']);
    expect((await original?.check())?.state).toBe('OK');
  });
});

describe('exit codes', () => {
  test('77 when the licence says stop, once; started again in the same lock it stays up', async () => {
    await world.putPlan('STOP', { enforcement: 'stop', check: { intervalSec: 1 } });
    const { licence, enrollmentToken, stateFile } = await enrolment({ plan: 'STOP' });
    const product = boot({ stateFile, enrollmentToken });
    await product.said({ state: 'OK' });
    await world.admin('POST', `/licenses/${licence.licenseId}/standing`, { standing: 'suspended', revision: 2 });
    expect(await product.ended()).toBe(77);
    expect((await stateOf(stateFile)).stopReported).toBe(true);

    const again = boot({ stateFile });
    await again.said({ state: 'LOCKED' });
    await world.admin('POST', `/licenses/${licence.licenseId}/standing`, { standing: 'current', revision: 3 });
    await again.said({ state: 'OK' });
    await world.admin('POST', `/licenses/${licence.licenseId}/standing`, { standing: 'suspended', revision: 4 });
    expect(await again.ended()).toBe(77);
  });

  test('65 for a state that is none, 74 for one that cannot be written, with a sentence', async () => {
    const stateFile = nodes.newStateFile();
    await mkdir(dirname(stateFile), { recursive: true });
    await writeFile(stateFile, 'not ours');
    const corrupt = boot({ stateFile });
    expect(await corrupt.ended()).toBe(65);
    expect(corrupt.lines).toEqual([
      { failed: `${stateFile} is not a licence state: restore it, or remove it and enrol the node again.` },
    ]);
    const unwritable = nodes.newStateFile();
    await mkdir(`${unwritable}.new/in-the-way`, { recursive: true });
    expect(await boot({ stateFile: unwritable }).ended()).toBe(74);
  });
});
