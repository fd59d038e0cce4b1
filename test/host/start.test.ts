import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../support/until.ts';
import { type LicensedMachines, signUpAdministrator, startLicensedMachines } from './support/licensed-machine.ts';
import { call, createMachine } from './support/start-host.ts';

let machines: LicensedMachines;
beforeAll(async () => {
  machines = await startLicensedMachines();
}, 60_000);
afterAll(() => machines.stop());

const unreachable = { serverUrl: 'http://127.0.0.1:9', publicKeys: { keys: [] }, enrollmentToken: 'unused-token' };

async function seats(licenseId: string) {
  const { seats, activations } = await machines.world.view(licenseId);
  return { used: seats.production.used, activations: activations.map(({ instanceId }) => instanceId) };
}

describe('start', () => {
  test('redeems its enrolment once and is then healthy under its instance id', async () => {
    const machine = await machines.machine('START', { limits: { plugins: 1 } });
    await machine.boot();
    await machine.untilHealth('ok');
    expect(await machine.health()).toEqual({
      status: 'ok',
      instanceId: machine.contract.instanceId,
      version: '1.0.0',
      licence: { state: 'OK', revision: 1 },
    });
    expect((await seats(machine.licenseId)).used).toBe(1);
  });

  test('a reboot keeps the seat and redeems nothing, and so does a crash', async () => {
    const machine = await machines.machine('REBOOT', {});
    await machine.boot();
    await machine.untilHealth('ok');
    const before = await seats(machine.licenseId);
    await machines.world.admin('POST', '/enrollments/close', { licenseId: machine.licenseId });

    expect(await machine.kill('SIGTERM')).toBe(0);
    await machine.boot();
    await machine.untilHealth('ok');
    await machine.kill('SIGKILL');
    await machine.boot();
    await machine.untilHealth('ok');
    expect(await seats(machine.licenseId)).toEqual(before);
  });

  test('asks the licence server where it is now, when that is not where the contract says', async () => {
    const machine = await machines.machine('MOVED', {});
    const { serverUrl } = machine.contract.licence;
    const moved = { ...machine.contract, licence: { ...machine.contract.licence, serverUrl: unreachable.serverUrl } };
    await writeFile(machine.contractFile, JSON.stringify(moved));
    await machine.boot({ FREEHOLD_LICENCE_SERVER_URL: serverUrl });
    await machine.untilHealth('ok');
    expect((await machine.health()).licence.state).toBe('OK');
  });

  test('gives the seat back when it is told to', async () => {
    const machine = await machines.machine('RELEASE', {});
    await machine.boot();
    await machine.untilHealth('ok');
    expect(await machine.kill('SIGUSR2')).toBe(0);
    expect((await seats(machine.licenseId)).used).toBe(0);
  });

  test('answers /healthz as starting while the licence server is away, and takes no account', async () => {
    const machine = await createMachine(unreachable);
    try {
      await machine.boot();
      expect(await machine.health()).toMatchObject({ status: 'starting', licence: { state: 'NONE', revision: 0 } });
      const refused = await machine.call('/api/sign-up', {
        json: { email: machine.contract.adminEmail, password: 'correct horse battery' },
      });
      expect(refused.status).toBe(503);
      expect(refused.json()).toMatchObject({ code: 'starting' });
      expect(refused.headers['retry-after']).toBeDefined();
      expect((await machine.call('/sign-in')).text).toContain('still registering its licence');
    } finally {
      await machine.remove();
    }
  });

  test('goes on with its last verdict when it is rebooted without the licence server', async () => {
    const machine = await machines.machine('OFFLINE', { limits: { plugins: 7 } });
    await machine.boot();
    await machine.untilHealth('ok');
    await machine.kill('SIGTERM');
    const text = await readFile(machine.contractFile, 'utf8');
    await writeFile(machine.contractFile, text.replace(machines.world.url(), 'http://127.0.0.1:9'));
    await machine.boot();
    await machine.untilHealth('ok');
    const administrator = await signUpAdministrator(machine);
    await until(
      async () => {
        const { licence, limits } = (await administrator.go('/api/state')).json();
        return licence.state === 'GRACE' && limits.plugins.limit === 7;
      },
      { what: 'the licence waits for its check' },
    );
    expect((await administrator.go('/')).text).toContain('Waiting for its check');
  });

  test('names what is wrong with its contract and shows none of it', async () => {
    const machine = await createMachine({ ...unreachable, enrollmentToken: 'secret-enrolment' }, { hostnames: [] });
    try {
      await expect(machine.boot()).rejects.toThrow(/ended with 78/);
      expect(machine.output()).toContain('hostnames');
      expect(machine.output()).not.toContain('secret-enrolment');
    } finally {
      await machine.remove();
    }
  });

  test('keeps database and licence state to itself on the data volume', async () => {
    const machine = await machines.machine('FILES', {});
    await machine.boot();
    await machine.untilHealth('ok');
    for (const file of ['host.sqlite', 'licence.json']) {
      expect((await stat(join(machine.dataFolder, file))).mode & 0o077).toBe(0);
    }
  });

  test('answers only for its own names; the loopback address is for health checks alone', async () => {
    const machine = await machines.machine('NAMES', { limits: { domains: 1 } });
    await machine.boot();
    await machine.untilHealth('ok');
    const port = machine.port();
    expect((await call(port, '/sign-in', { host: 'evil.example' })).status).toBe(421);
    expect((await call(port, '/api/state', { host: `127.0.0.1:${port}` })).json()).toMatchObject({
      code: 'unknown_host',
    });
    expect((await call(port, '/healthz', { host: `127.0.0.1:${port}` })).status).toBe(200);
    expect((await call(port, '/healthz', { host: 'evil.example' })).status).toBe(421);
    const forwarded = { 'x-forwarded-host': machine.contract.hostnames[0]! };
    expect((await call(port, '/sign-in', { host: 'evil.example', headers: forwarded })).status).toBe(421);

    const administrator = await signUpAdministrator(machine);
    expect((await call(port, '/sign-in', { host: 'iot.acme.example' })).status).toBe(421);
    await administrator.go('/api/domains', { json: { name: 'iot.acme.example' } });
    expect((await call(port, '/sign-in', { host: 'iot.acme.example' })).status).toBe(200);
  });
});
