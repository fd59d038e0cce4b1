import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Email } from '../../src/contracts/email.ts';
import {
  admitAndSignUp,
  type LicensedMachine,
  type LicensedMachines,
  password,
  startLicensedMachines,
} from './support/licensed-machine.ts';
import { adminEmail, hostname, type Visitor } from './support/start-host.ts';

let machines: LicensedMachines;
let machine: LicensedMachine;
let administrator: Visitor;

beforeAll(async () => {
  machines = await startLicensedMachines();
  machine = await machines.machine('ACCOUNTS', { limits: { users: null, domains: null, brands: null, plugins: null } });
  await machine.boot();
  await machine.untilHealth('ok');
}, 60_000);
afterAll(() => machines.stop());

describe('addresses', () => {
  test.each(['sales&billing@acme.example', 'ana@bücher.example', ' a/b@acme.example '])(
    'an administrator can be %s',
    async (address) => {
      const changes = { adminEmail: Email.parse(address) };
      const other = await machines.machine(`ADDRESS${address.length}`, { limits: {} }, { changes });
      await other.boot();
      await other.untilHealth('ok');
      const answer = await other.call('/api/sign-up', { json: { email: address.toUpperCase(), password } });
      expect(answer.status).toBe(201);
    },
    60_000,
  );

  test.each(['ana@example-.com', 'ana@acme', `${'a'.repeat(65)}@acme.example`, 'ana@@acme.example', 5, undefined])(
    '%s is none, and the sentence says what one looks like',
    async (email) => {
      const answer = await machine.call('/api/sign-up', { json: { email, password } });
      expect(answer.status).toBe(422);
      expect(answer.json().faults).toMatchObject([{ field: 'email', message: expect.stringContaining('e-mail') }]);
    },
  );
});

describe('first sign-up', () => {
  test('L69: refuses any other address than the administrator’s, in words, on the page and in the API', async () => {
    const page = await machine
      .visitor()
      .submit('/create-account', '/create-account', { email: 'other@acme.example', password });
    expect(page.status).toBe(403);
    expect(page.text).toContain('This address is not authorised to create an account on this server.');
    expect(page.text).not.toContain(adminEmail);
    const api = await machine.call('/api/sign-up', { json: { email: 'other@acme.example', password } });
    expect(api.status).toBe(403);
    expect(api.json()).toMatchObject({ code: 'address_not_admitted', status: 403 });
    expect(api.headers['content-type']).toContain('application/problem+json');
  });

  test.each([
    ['ninechars', 'at least 10 characters'],
    [adminEmail, 'not the e-mail address'],
    ['aaaaaaaaaaaaaaaa', 'two different'],
  ])('refuses the password %s', async (weak, why) => {
    const answer = await machine.call('/api/sign-up', { json: { email: adminEmail, password: weak } });
    expect(answer.status).toBe(422);
    expect(answer.json().detail).toContain(why);
  });

  test('takes the administrator, whatever the case of the address, without any confirmation', async () => {
    administrator = machine.visitor();
    const answer = await administrator.submit('/create-account', '/create-account', {
      email: ` ${adminEmail.toUpperCase()} `,
      password,
    });
    expect(answer.status).toBe(303);
    const cookie = [answer.headers['set-cookie']].flat().find((line) => line?.startsWith('__Host-session='));
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/Secure/);
    expect(cookie).toMatch(/SameSite=Lax/);
    const { you } = (await administrator.go('/api/state')).json();
    expect(you).toMatchObject({ email: adminEmail, administrator: true });
  });

  test('of two sign-ups at the same moment one wins', async () => {
    const other = await machines.machine('TWICE', {});
    await other.boot();
    await other.untilHealth('ok');
    const json = { email: adminEmail, password };
    const answers = await Promise.all([1, 2, 3].map(() => other.call('/api/sign-up', { json })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  });

  test('a second account for the same address is refused', async () => {
    const answer = await machine.call('/api/sign-up', { json: { email: adminEmail, password: 'another password' } });
    expect(answer.json()).toMatchObject({ status: 409, code: 'account_exists' });
  });
});

describe('an administrator whose address was corrected', () => {
  const asked: string[] = [];
  let administratorIs = 'ada@acme.exmaple';
  const controlPlane = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      asked.push(request.url ?? '');
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ administrator: JSON.parse(body).email === administratorIs }));
    });
  });
  const url = () => `http://127.0.0.1:${(controlPlane.address() as AddressInfo).port}`;
  const signUp = (of: LicensedMachine, email: string) => of.call('/api/sign-up', { json: { email, password } });

  beforeAll(async () => {
    controlPlane.listen(0, '127.0.0.1');
    await once(controlPlane, 'listening');
  });
  afterAll(() => {
    controlPlane.close();
  });

  test('creates their account at once, the wrong address cannot, and both hold after a reboot', async () => {
    const changes = { adminEmail: 'ada@acme.exmaple', controlPlaneUrl: url() };
    const built = await machines.machine('CORRECTED', { limits: {} }, { changes });
    await built.boot();
    await built.untilHealth('ok');
    administratorIs = 'ada@acme.example';
    expect((await signUp(built, 'ada@acme.exmaple')).json()).toMatchObject({ code: 'address_not_admitted' });
    expect((await signUp(built, 'Ada@acme.example')).status).toBe(201);
    expect(new Set(asked)).toEqual(new Set([`/v1/instances/${built.contract.instanceId}/administrator`]));
    await built.kill('SIGTERM');
    await built.boot();
    await built.untilHealth('ok');
    const visitor = built.visitor();
    expect((await visitor.go('/api/sign-in', { json: { email: 'ada@acme.example', password } })).status).toBe(200);
    expect((await visitor.go('/api/state')).json().you).toMatchObject({ administrator: true });
  }, 60_000);
});

describe('admitted users', () => {
  test('sign up once they are admitted, and are gone with everything when they are removed', async () => {
    const grace = await admitAndSignUp(machine, administrator, 'grace@acme.example');
    const { you, users } = (await grace.go('/api/state')).json();
    expect(you.administrator).toBe(false);
    expect(users).toHaveLength(1);
    const { credential, endpoint } = (await grace.go('/api/devices', { json: { name: 'Sensor' } })).json();

    expect((await administrator.go(`/api/users/${you.id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await grace.go('/api/state')).status).toBe(401);
    const reading = await machine.call(endpoint, {
      json: { values: { t: 1 } },
      headers: { authorization: `Bearer ${credential}` },
    });
    expect(reading.status).toBe(401);
    const again = await machine.call('/api/sign-up', { json: { email: 'grace@acme.example', password } });
    expect(again.status).toBe(403);
  });

  test('the administrator stays', async () => {
    const { you } = (await administrator.go('/api/state')).json();
    const answer = await administrator.go(`/api/users/${you.id}`, { method: 'DELETE' });
    expect(answer.json()).toMatchObject({ status: 409, code: 'administrator_stays' });
  });
});

describe('only the administrator', () => {
  let user: Visitor;
  beforeAll(async () => {
    user = await admitAndSignUp(machine, administrator, 'linus@acme.example');
    await administrator.go('/api/domains', { json: { name: 'taken.acme.example' } });
    await administrator.go('/api/brands', { json: { name: 'Taken', domain: 'taken.acme.example' } });
    await administrator.go('/api/plugins', { json: { name: 'grafana' } });
  });

  const additions: [thing: string, body: Record<string, string>][] = [
    ['users', { email: 'x@acme.example' }],
    ['domains', { name: 'x.acme.example' }],
    ['brands', { name: 'X', domain: 'taken.acme.example' }],
    ['plugins', { name: 'X' }],
  ];

  test.each(additions)('adds %s by the API', async (thing, json) => {
    const answer = await user.go(`/api/${thing}`, { json });
    expect(answer.json()).toMatchObject({ status: 403, code: 'only_administrator' });
    expect((await machine.call(`/api/${thing}`, { json })).json()).toMatchObject({
      status: 401,
      code: 'not_signed_in',
    });
  });

  test.each(additions.filter(([thing]) => thing !== 'brands'))('adds %s by the page', async (thing, form) => {
    const answer = await user.submit('/', `/${thing}`, form);
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('Only the administrator of this server may do this.');
    expect((await user.go('/')).text).not.toContain(`action="/${thing}"`);
  });

  test('adds brands by the page', async () => {
    const csrf = /name="csrf" value="([^"]+)"/.exec((await user.go('/')).text)![1]!;
    const { body, headers } = multipart({ csrf, name: 'X', domain: 'taken.acme.example' });
    expect((await user.go('/brands', { body, headers })).status).toBe(403);
  });

  test.each(['users', 'domains', 'brands', 'plugins'])('removes %s', async (thing) => {
    const state = (await administrator.go('/api/state')).json();
    const { id } = state[thing][0];
    expect((await user.go(`/api/${thing}/${id}`, { method: 'DELETE' })).json()).toMatchObject({
      status: 403,
      code: 'only_administrator',
    });
    expect((await user.submit('/', `/${thing}/${id}/remove`)).status).toBe(403);
    expect((await administrator.go('/api/state')).json()[thing]).toEqual(state[thing]);
  });
});

describe('sessions', () => {
  test('survive a restart and end with sign-out', async () => {
    const visitor = machine.visitor();
    expect((await visitor.submit('/sign-in', '/sign-in', { email: adminEmail, password })).status).toBe(303);
    await machine.kill('SIGTERM');
    await machine.boot();
    await machine.untilHealth('ok');
    expect((await visitor.go('/')).status).toBe(200);
    const stolen = new Map(visitor.cookies);
    expect((await visitor.submit('/', '/sign-out')).status).toBe(303);
    const cookie = [...stolen].map(([name, value]) => `${name}=${value}`).join('; ');
    expect((await machine.call('/api/state', { headers: { cookie } })).status).toBe(401);
    expect((await visitor.go('/')).headers.location).toBe('/sign-in');
  });

  test('a form without its token, or with another visitor’s, changes nothing', async () => {
    const without = await administrator.go('/plugins', { form: { name: 'Smuggled' } });
    expect(without.status).toBe(403);
    expect(without.text).toContain('This page is out of date.');
    const foreign = /name="csrf" value="([^"]+)"/.exec((await machine.visitor().go('/sign-in')).text)![1]!;
    expect((await administrator.go('/plugins', { form: { csrf: foreign, name: 'Smuggled' } })).status).toBe(403);
    expect((await administrator.go('/api/state')).text).not.toContain('Smuggled');
  });

  test('a JSON call from another website is refused', async () => {
    const json = { name: 'webhooks' };
    for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }] as Record<
      string,
      string
    >[]) {
      expect((await administrator.go('/api/plugins', { json, headers })).json()).toMatchObject({ code: 'cross_site' });
    }
    const plain = await administrator.go('/api/plugins', {
      body: JSON.stringify(json),
      headers: { 'content-type': 'text/plain' },
    });
    expect(plain.json()).toMatchObject({ status: 415 });
    const own = await administrator.go('/api/plugins', { json, headers: { origin: `https://${hostname}` } });
    expect(own.status).toBe(201);
  });

  test('wrong password and unknown address are told apart by nobody', async () => {
    const [wrong, unknown] = await Promise.all(
      [adminEmail, 'nobody@acme.example'].map((email) =>
        machine.call('/api/sign-in', { json: { email, password: 'not the password' } }),
      ),
    );
    expect(wrong!.json()).toMatchObject({ status: 401, code: 'wrong_credentials' });
    const { requestId: _one, ...first } = wrong!.json();
    const { requestId: _two, ...second } = unknown!.json();
    expect(first).toEqual(second);
  });

  test('the eleventh failed sign-in of an address within five minutes waits, on the page too', async () => {
    await machine.kill('SIGTERM');
    await machine.boot();
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    const json = { email: adminEmail, password: 'not the password' };
    for (let attempt = 0; attempt < 10; attempt += 1) {
      expect((await machine.call('/api/sign-in', { json, headers })).status).toBe(401);
    }
    const eleventh = await machine.call('/api/sign-in', { json, headers });
    expect(eleventh.json()).toMatchObject({ status: 429, code: 'too_many_requests' });
    expect(Number(eleventh.headers['retry-after'])).toBeGreaterThan(0);
    const page = await machine.call('/sign-in', { form: {}, headers });
    expect(page.status).toBe(429);
    expect(page.text).toContain('You can try again in 5 minutes.');
    expect(page.text).not.toContain('Retry-After');
    // Every address of one IPv6 /64 is the same client.
    const statuses = [];
    for (let attempt = 1; attempt <= 11; attempt += 1) {
      const network = { 'x-forwarded-for': `2001:db8:7:8::${attempt}` };
      statuses.push((await machine.call('/api/sign-in', { json, headers: network })).status);
    }
    expect(statuses).toEqual([...Array(10).fill(401), 429]);
    const elsewhere = { 'x-forwarded-for': '203.0.113.10' };
    expect((await machine.call('/api/sign-in', { json: { ...json, password }, headers: elsewhere })).status).toBe(200);
  }, 30_000);

  test('the log holds neither addresses nor passwords nor tokens', () => {
    const output = machine.output();
    expect(output).toContain('"msg":"request"');
    for (const secret of [
      adminEmail,
      'acme.example',
      password,
      'not the password',
      ...administrator.cookies.values(),
    ]) {
      expect(output).not.toContain(secret);
    }
  });
});

function multipart(fields: Record<string, string>): { body: string; headers: Record<string, string> } {
  const boundary = 'freehold-test-boundary';
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  return {
    body: `${parts.join('')}--${boundary}--\r\n`,
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  };
}
