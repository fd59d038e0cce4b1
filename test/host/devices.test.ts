import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  admitAndSignUp,
  type LicensedMachine,
  type LicensedMachines,
  signUpAdministrator,
  startLicensedMachines,
} from './support/licensed-machine.ts';
import { hostname, type Visitor } from './support/start-host.ts';

let machines: LicensedMachines;
let machine: LicensedMachine;
let administrator: Visitor;
let user: Visitor;

beforeAll(async () => {
  machines = await startLicensedMachines();
  machine = await machines.machine('DEVICES', {});
  await machine.boot();
  await machine.untilHealth('ok');
  administrator = await signUpAdministrator(machine);
  user = await admitAndSignUp(machine, administrator, 'grace@acme.example');
}, 60_000);
afterAll(() => machines.stop());

interface NewDevice {
  id: string;
  credential: string;
  endpoint: string;
}

async function newDevice(visitor: Visitor, name: string): Promise<NewDevice> {
  const answer = await visitor.go('/api/devices', { json: { name } });
  expect(answer.status).toBe(201);
  return answer.json();
}

const send = ({ endpoint, credential }: NewDevice, json: unknown) =>
  machine.call(endpoint, { json, headers: { authorization: `Bearer ${credential}` } });

describe('readings', () => {
  test('are taken with the credential of the device and shown on the start page', async () => {
    const device = await newDevice(user, 'Greenhouse');
    const values = { temperature: 21.5, door: 'closed', heating: true };
    expect((await send(device, { values, at: '2026-01-02T03:04:05+02:00' })).status).toBe(202);
    expect((await send(device, { values: { temperature: 22 } })).status).toBe(202);
    const { readings } = (await user.go(`/api/devices/${device.id}/readings`)).json();
    expect(readings).toHaveLength(2);
    expect(readings[1]).toMatchObject({ at: '2026-01-02T01:04:05.000Z', values });
    const page = (await user.go('/')).text;
    expect(page).toContain(`#define THINGER_SERVER &quot;${hostname}&quot;`.replaceAll('&quot;', '"'));
    expect(page).toMatch(/Greenhouse[\s\S]*temperature<\/span> 22/);
  });

  test.each([
    ['no values', {}],
    ['an empty object', { values: {} }],
    ['a name that is none', { values: { $gt: 1 } }],
    ['a nested value', { values: { a: { b: 1 } } }],
    ['a list', { values: [1] }],
    ['a time without offset', { values: { a: 1 }, at: '2026-01-02T03:04:05' }],
    ['a time in the far future', { values: { a: 1 }, at: '2999-01-01T00:00:00Z' }],
    ['an unknown member', { values: { a: 1 }, more: 1 }],
  ])('with %s are refused', async (_what, body) => {
    const device = await newDevice(user, `Bad ${Math.random()}`);
    expect((await send(device, body)).json()).toMatchObject({ status: 422, code: 'invalid_input' });
  });

  test('without a credential, with a wrong one or another device’s are refused', async () => {
    const one = await newDevice(user, 'One');
    const other = await newDevice(user, 'Other');
    for (const credential of ['', 'x'.repeat(40), other.credential]) {
      const answer = await send({ ...one, credential }, { values: { a: 1 } });
      expect(answer.json()).toMatchObject({ status: 401, code: 'credential_wrong' });
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
  });

  test('that are too large or no JSON are refused as problem documents', async () => {
    const device = await newDevice(user, 'Large');
    const large = await send(device, { values: { a: 'x'.repeat(20_000) } });
    expect(large.json()).toMatchObject({ status: 413, code: 'body_too_large' });
    const broken = await machine.call(device.endpoint, {
      body: '{"values":',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${device.credential}` },
    });
    expect(broken.json()).toMatchObject({ status: 400, code: 'malformed_body' });
  });

  test('that were acknowledged survive a kill -9 in the middle of a burst', async () => {
    const device = await newDevice(user, 'Crash');
    const acknowledged: number[] = [];
    let running = true;
    const senders = Array.from({ length: 8 }, async (_none, sender) => {
      for (let turn = 0; running; turn += 1) {
        const number = turn * 8 + sender;
        const answer = await send(device, { values: { number } }).catch(() => undefined);
        if (answer?.status !== 202) return;
        acknowledged.push(number);
        if (acknowledged.length === 200) {
          running = false;
          await machine.kill('SIGKILL');
        }
      }
    });
    await Promise.all(senders);
    await machine.boot();
    await machine.untilHealth('ok');
    const { readings } = (await user.go(`/api/devices/${device.id}/readings?limit=1000`)).json();
    const stored = new Set(readings.map(({ values }: { values: { number: number } }) => values.number));
    expect(acknowledged.length).toBeGreaterThanOrEqual(200);
    expect(acknowledged.filter((number) => !stored.has(number))).toEqual([]);
  }, 30_000);
});

describe('devices', () => {
  test('belong to the user who made them; the administrator sees all, others none of them', async () => {
    const device = await newDevice(administrator, 'Private');
    expect((await user.go(`/api/devices/${device.id}/readings`)).status).toBe(404);
    expect((await user.go(`/devices/${device.id}`)).status).toBe(404);
    expect((await user.go(`/api/devices/${device.id}`, { method: 'DELETE' })).status).toBe(404);
    const own = await newDevice(user, 'Own');
    const names = (await administrator.go('/api/state')).json().devices.map(({ name }: { name: string }) => name);
    expect(names).toEqual(expect.arrayContaining(['Private', 'Own']));
    expect((await user.go('/api/state')).text).not.toContain('Private');
    expect((await user.go(`/api/devices/${own.id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await send(own, { values: { a: 1 } })).status).toBe(401);
  });

  test('show their credential once, on the page that made them', async () => {
    const answer = await user.submit('/', '/devices', { name: 'By the page' });
    expect(answer.status).toBe(201);
    const credential = /fhd_[\w-]{43}/.exec(answer.text)![0];
    const id = /href="\/devices\/(dev_\w+)"/.exec(answer.text)![1]!;
    expect((await send({ id, credential, endpoint: `/v1/devices/${id}/readings` }, { values: { a: 1 } })).status).toBe(
      202,
    );
    for (const path of ['/', `/devices/${id}`]) expect((await user.go(path)).text).not.toContain(credential);
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  test('an unknown device is no different from a wrong credential', async () => {
    const unknown = { id: 'dev_x', endpoint: '/v1/devices/dev_x/readings', credential: 'x'.repeat(40) };
    expect((await send(unknown, { values: { a: 1 } })).json()).toMatchObject({ code: 'credential_wrong' });
  });
});
