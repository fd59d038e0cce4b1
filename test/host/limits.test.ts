import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../support/until.ts';
import {
  type LicensedMachine,
  type LicensedMachines,
  signUpAdministrator,
  startLicensedMachines,
} from './support/licensed-machine.ts';
import type { Visitor } from './support/start-host.ts';

let machines: LicensedMachines;
beforeAll(async () => {
  machines = await startLicensedMachines();
}, 60_000);
afterAll(() => machines.stop());

async function running(plan: string, data: Parameters<LicensedMachines['machine']>[1]) {
  const machine = await machines.machine(plan, data);
  await machine.boot();
  await machine.untilHealth('ok');
  return { machine, administrator: await signUpAdministrator(machine) };
}

const add = (visitor: Visitor, thing: string, json: Record<string, string>) => visitor.go(`/api/${thing}`, { json });

describe('limits of the plan', () => {
  let machine: LicensedMachine;
  let administrator: Visitor;
  const limits = { users: 2, domains: 2, brands: 1, plugins: 1, devices: 1, dashboards: null };

  beforeAll(async () => {
    ({ machine, administrator } = await running('BOUNDED', { limits }));
  });

  const additions: [thing: string, allowed: number, body: (index: number) => Record<string, string>][] = [
    ['users', 1, (index) => ({ email: `user${index}@acme.example` })],
    ['domains', 2, (index) => ({ name: `d${index}.acme.example` })],
    ['brands', 1, (index) => ({ name: `Brand ${index}`, domain: `d${index}.acme.example` })],
    ['plugins', 1, (index) => ({ name: ['grafana', 'telegram'][index]! })],
    ['devices', 1, (index) => ({ name: `Device ${index}` })],
  ];

  test.each(additions)(
    '%s: one more than allowed is refused with the limit and the way to more',
    async (thing, allowed, body) => {
      for (let index = 0; index < allowed; index += 1) {
        expect((await add(administrator, thing, body(index))).status).toBe(201);
      }
      const refused = await add(administrator, thing, body(allowed));
      const limit = limits[thing as 'users'];
      expect(refused.json()).toMatchObject({
        status: 409,
        code: 'limit_reached',
        limit: thing,
        used: limit,
        allowed: limit,
      });
      expect(refused.json().detail).toMatch(/^The plan BOUNDED with its add-ons allows \d \w+; \d (is|are) in use\.$/);
      expect(refused.json().next).toContain('add-ons');
    },
  );

  test('shows used and allowed, and what else the plan bounds', async () => {
    const state = (await administrator.go('/api/state')).json();
    expect(state.limits).toEqual({
      users: { used: 2, limit: 2 },
      domains: { used: 2, limit: 2 },
      brands: { used: 1, limit: 1 },
      plugins: { used: 1, limit: 1 },
      devices: { used: 1, limit: 1 },
    });
    expect(state.otherLimits).toEqual({ dashboards: null });
    expect((await administrator.go('/')).text).toContain('Also in this plan: unlimited dashboards.');
  });

  test('a change of the plan counts at the next check, without a restart', async () => {
    await machines.entitle(machine.licenseId, 'BOUNDED', { plugins: 3, users: null });
    await until(
      async () => {
        const { limits: now, licence } = (await administrator.go('/api/state')).json();
        return now.plugins.limit === 3 && now.users.limit === null && licence.revision > 1;
      },
      { what: 'the new limits are there' },
    );
    expect((await add(administrator, 'plugins', { name: 'node-red' })).status).toBe(201);
    expect((await machine.health()).licence.revision).toBeGreaterThan(1);
  });

  test('what is there stays when the plan shrinks; only more is refused', async () => {
    await machines.entitle(machine.licenseId, 'BOUNDED', { plugins: 1 });
    await until(
      async () => {
        return (await administrator.go('/api/state')).json().limits.plugins.limit === 1;
      },
      { what: 'the limit is smaller' },
    );
    const { plugins, limits: now } = (await administrator.go('/api/state')).json();
    expect(plugins).toHaveLength(2);
    expect(now.plugins).toEqual({ used: 2, limit: 1 });
    expect((await add(administrator, 'plugins', { name: 'webhooks' })).status).toBe(409);
  });

  test('the licence server is told how much is used, and its notice is on the page', async () => {
    const notices = await until(
      async () => {
        const { licence } = (await administrator.go('/api/state')).json();
        return licence.notices.length > 0 && licence.notices;
      },
      { what: 'the notice is there' },
    );
    expect(notices).toEqual([{ code: 'QUOTA_EXCEEDED', text: expect.stringContaining('plugins') }]);
    expect((await administrator.go('/')).text).toContain(notices[0].text);
  });
});

describe('plugins', () => {
  test('are those of the product, and no others', async () => {
    const { administrator } = await running('PLUGINS', { limits: { plugins: null } });
    for (const name of ['../../etc/passwd', 'Grafana', '', '__proto__', undefined]) {
      const refused = await administrator.go('/api/plugins', { json: { name } });
      expect(refused.json()).toMatchObject({ status: 422, code: 'invalid_input', faults: [{ field: 'name' }] });
      expect(refused.json().detail).toContain('grafana, influxdb');
    }
    const { productPlugins, plugins } = (await administrator.go('/api/state')).json();
    expect(plugins).toEqual([]);
    for (const name of productPlugins) expect((await add(administrator, 'plugins', { name })).status).toBe(201);
    expect((await administrator.go('/')).text).toContain('Every plugin of this product is enabled.');
  });
});

describe('lock', () => {
  test('makes management read-only with the reason, lets devices send, and ends with the next good check', async () => {
    const { machine, administrator } = await running('LOCKING', { limits: {} });
    const device = (await add(administrator, 'devices', { name: 'Sensor' })).json();
    const send = () =>
      machine.call(device.endpoint, {
        json: { values: { t: 1 } },
        headers: { authorization: `Bearer ${device.credential}` },
      });

    await machines.stand(machine.licenseId, 'suspended');
    await machine.untilHealth('locked');
    const refused = await add(administrator, 'plugins', { name: 'webhooks' });
    expect(refused.json()).toMatchObject({
      status: 423,
      code: 'licence_locked',
      licenceCode: 'SUBSCRIPTION_NOT_ACTIVE',
    });
    expect((await administrator.submit('/', '/plugins', { name: 'webhooks' })).status).toBe(423);
    expect((await administrator.go(`/api/devices/${device.id}`, { method: 'DELETE' })).status).toBe(423);
    expect((await send()).status).toBe(202);
    const page = await administrator.go('/');
    expect(page.text).toContain('This server is read-only at the moment.');
    expect(page.text).not.toContain('action="/plugins"');
    const { licence } = (await administrator.go('/api/state')).json();
    expect(licence).toMatchObject({ state: 'LOCKED', readOnly: true });
    expect(licence.nextCheckAt).not.toBeNull();

    await machines.stand(machine.licenseId, 'current');
    await machine.untilHealth('ok');
    expect((await add(administrator, 'plugins', { name: 'webhooks' })).status).toBe(201);
  }, 30_000);

  test('with enforcement `warn` everything goes on', async () => {
    const { machine, administrator } = await running('WARNING', { enforcement: 'warn' });
    await machines.stand(machine.licenseId, 'suspended');
    await machine.untilHealth('locked');
    expect((await add(administrator, 'plugins', { name: 'webhooks' })).status).toBe(201);
  }, 30_000);

  test('with enforcement `stop` it ends once, refuses when started again, and serves after a good check', async () => {
    const { machine } = await running('STOPPING', { enforcement: 'stop' });
    await machines.stand(machine.licenseId, 'suspended');
    expect(await machine.ended()).toBe(77);

    await machine.boot();
    await machine.untilHealth('locked');
    expect((await machine.call('/sign-in')).status).toBe(503);
    expect((await machine.call('/v1/devices/dev_x/readings', { json: {} })).json()).toMatchObject({
      code: 'licence_stopped',
      licenceCode: 'SUBSCRIPTION_NOT_ACTIVE',
      detail: expect.stringMatching(/^[A-Z].*\. [A-Z].*\.$/),
    });

    await machines.stand(machine.licenseId, 'current');
    await machine.untilHealth('ok');
    expect((await machine.call('/sign-in')).status).toBe(200);
    await machines.stand(machine.licenseId, 'suspended');
    expect(await machine.ended()).toBe(77);
  }, 40_000);
});
