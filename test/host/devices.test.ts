import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hostEnvironment } from '../../src/contracts/host-contract.ts';
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

describe('reading back', () => {
  test('by the credential of the device, part by part, newest first', async () => {
    const device = await newDevice(user, 'Read back');
    for (let number = 0; number < 5; number += 1) {
      await send(device, { values: { number }, at: '2026-01-02T03:04:05Z' });
    }
    const headers = { authorization: `Bearer ${device.credential}` };
    const seen: number[] = [];
    for (let next: string | null = ''; next !== null; ) {
      const answer = await machine.call(`${device.endpoint}?limit=2${next ? `&before=${next}` : ''}`, { headers });
      expect(answer.status).toBe(200);
      const page: { readings: { values: { number: number } }[]; next: string | null } = answer.json();
      seen.push(...page.readings.map(({ values }) => values.number));
      next = page.next;
    }
    expect(seen).toEqual([4, 3, 2, 1, 0]);
    for (const query of ['limit=0', 'limit=1001', 'before=now', 'limit=x']) {
      expect((await machine.call(`${device.endpoint}?${query}`, { headers })).json()).toMatchObject({ status: 422 });
    }
    const other = await newDevice(user, 'Reader');
    for (const credential of ['x'.repeat(40), other.credential]) {
      const stranger = { authorization: `Bearer ${credential}` };
      expect((await machine.call(device.endpoint, { headers: stranger })).status).toBe(401);
    }
  });

  test('on its page, which shows twenty and leads to the older ones and to the file with all', async () => {
    const device = await newDevice(user, 'Paged');
    for (let number = 0; number < 45; number += 1) await send(device, { values: { number } });
    const seen: number[] = [];
    let path: string | undefined = `/devices/${device.id}`;
    while (path) {
      const { text } = await user.go(path);
      seen.push(...[...text.matchAll(/number<\/span> (\d+)/g)].map(([, number]) => Number(number)));
      expect(text).toContain(`/devices/${device.id}/readings.csv`);
      path = /href="(\/devices\/[^"]*before=[^"]*)"/.exec(text)?.[1];
    }
    expect(seen).toEqual(Array.from({ length: 45 }, (_none, index) => 44 - index));
  });

  test('as a file for spreadsheets, for its owner and the administrator', async () => {
    const device = await newDevice(user, 'Exported');
    await send(device, { values: { at: 'home, "sweet"', 'air.temperature': -1.5 }, at: '2026-01-02T03:04:05Z' });
    await send(device, { values: { on: true, note: '=HYPERLINK("x")' }, at: '2026-01-02T03:04:06Z' });
    const file = await user.go(`/devices/${device.id}/readings.csv`);
    expect(file.headers['content-type']).toContain('text/csv');
    expect(file.headers['content-disposition']).toContain(`${device.id}.csv`);
    const [head, ...lines] = file.text.trim().split('\n');
    expect(head).toBe('at,receivedAt,air.temperature,at,note,on');
    expect(lines.map((line) => line.replace(/,[^,]*/, ''))).toEqual([
      `2026-01-02T03:04:06.000Z,,,"'=HYPERLINK(""x"")",true`,
      '2026-01-02T03:04:05.000Z,-1.5,"home, ""sweet""",,',
    ]);
    expect((await administrator.go(`/devices/${device.id}/readings.csv`)).text).toBe(file.text);
    const stranger = await admitAndSignUp(machine, administrator, 'eve@acme.example');
    expect((await stranger.go(`/devices/${device.id}/readings.csv`)).status).toBe(404);
    expect((await machine.call(`/devices/${device.id}/readings.csv`)).status).toBe(303);
  });

  test('of more readings than are read at once leaves out none', async () => {
    const device = await newDevice(user, 'Many');
    for (let part = 0; part < 12; part += 1) {
      await Promise.all(Array.from({ length: 100 }, (_none, i) => send(device, { values: { n: part * 100 + i } })));
    }
    const { text } = await user.go(`/devices/${device.id}/readings.csv`);
    const lines = text.trim().split('\n').slice(1);
    const numbers = lines.map((line) => Number(line.split(',')[2]));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1_200 }, (_none, index) => index));
  }, 60_000);
});

describe('the commands on a page', () => {
  test('have the port that it was opened at, and the certificate authority that clients have to be told of', async () => {
    expect((await user.go('/')).text).not.toMatch(/cacert|THINGER_PORT/);
    const own = await machines.machine('COMMANDS', {});
    const authority = join(import.meta.dirname, '../licence/fixtures/interceptor.pem');
    await own.boot({ [hostEnvironment.authority]: authority });
    await own.untilHealth('ok');
    const name = `${hostname}:20443`;
    const owner = await signUpAdministrator({ visitor: () => own.visitor(name) });
    const created = await owner.submit('/', '/devices', { name: 'Sensor' });
    const id = /href="\/devices\/(dev_\w+)"/.exec(created.text)![1]!;
    for (const text of [created.text, (await owner.go(`/devices/${id}`)).text]) {
      expect(text).toContain(`#define THINGER_SERVER "${hostname}"\n#define THINGER_PORT 20443`);
      expect(text).toContain(
        `curl https://${name}/v1/devices/${id}/readings \\\n  --cacert &#39;${authority}&#39; \\\n`,
      );
    }
  });
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
