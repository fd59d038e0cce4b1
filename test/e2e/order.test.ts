import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { LicenceToken } from '../../src/contracts/api/licence-token.ts';
import { AcceptedOperation, type Operation } from '../../src/contracts/api/operations.ts';
import { stepNamesOf } from '../../src/contracts/operations/operation.ts';
import { provision } from '../../src/contracts/operations/provision.ts';
import { createVisitor, type Visitor } from '../../src/embedded/demo/first-use.ts';
import { isFree } from '../../src/embedded/ports.ts';
import { PortalLicences } from '../../src/licence/protocol/portal.ts';
import { descendants, identify, isAlive } from '../../src/stacks/processes.ts';
import { canFollow, expectShown, run, stepsOf, without } from '../support/shell-page.ts';
import { until } from '../support/until.ts';
import { delivered, findings } from './support/findings.ts';
import { freehold } from './support/freehold.ts';
import { administrator, buy, cart, type Purchase, someName } from './support/purchase.ts';
import { historiesOf } from './support/workflows.ts';
import { shareWorld, timeoutMs } from './support/world.ts';

const provisionSteps = stepNamesOf(provision);

/** The main flow on a platform with the default configuration: quote, order, payment, server. */
describe('an order, from quote to server', () => {
  const world = shareWorld();
  let purchase: Purchase;
  let visitor: Visitor;
  const json = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(new URL(path, world().platform.urls.api), { headers });
    return { status: response.status, body: (await response.json()) as never };
  };

  /** Sign-in codes that were mailed to an address, the newest first. */
  async function codesFor(email: string): Promise<string[]> {
    const { mailbox } = world().platform.urls;
    const { messages } = (await (await fetch(`${mailbox}/messages?to=${email}`)).json()) as {
      messages: { id: number; subject: string }[];
    };
    return messages.flatMap(({ subject }) => /\b\d{6}\b/.exec(subject)?.[0] ?? []);
  }

  async function signIn(email: string): Promise<string> {
    const post = (path: string, body: unknown, cookie = '') =>
      fetch(`${world().platform.urls.api}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', cookie },
        body: JSON.stringify(body),
      });
    const before = await codesFor(email);
    const asked = await post('/v1/sign-in/codes', { email });
    expect(asked.status).toBe(202);
    const code = await until(async () => (await codesFor(email)).at(-1 - before.length), {
      what: 'the code is in the mailbox',
    });
    const answer = await post('/v1/sign-in', { email, code }, asked.headers.getSetCookie()[0]?.split(';')[0]);
    expect(answer.status).toBe(200);
    return answer.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
  }

  /** Process of the server's host, as the small cloud lists it. */
  async function hostPid(instanceId: string): Promise<number> {
    const { urls, keys } = world().platform;
    const tag = encodeURIComponent(`freehold:instance=${instanceId}`);
    const answer = await fetch(`${urls.cloud}/v1/hosts?tag=${tag}`, {
      headers: { authorization: `Bearer ${keys['cloud-token']}` },
    });
    const [found] = (await answer.json()) as { pid: number }[];
    return found!.pid;
  }

  test(
    'becomes a ready server after one payment by card',
    async () => {
      purchase = await buy(world(), { addOns: { users: 2, 'extended-support': 1 }, accounts: 5 });
      const began = Date.now();
      await purchase.until('the first event', () => true);
      expect(Date.now() - began).toBeLessThan(10_000);
      expect(await purchase.pay()).toEqual({ status: 'succeeded' });
      expect(await purchase.end()).toEqual({ state: 'fulfilled', reason: undefined });
    },
    timeoutMs,
  );

  test('tells its story in one stream: no gap, each step in its order, in the documented words', () => {
    const { events, order } = purchase;
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_event, index) => index + 1));
    const times = events.map(({ at }) => Date.parse(at));
    expect(times.every((time, index) => time >= (times[index - 1] ?? 0) - 1_000)).toBe(true);
    expect(new Set(events.map(({ instanceId }) => instanceId))).toEqual(new Set([order.instanceId]));
    const succeeded = events.flatMap((event) =>
      event.type === 'step' && event.status === 'succeeded' ? [event.step] : [],
    );
    expect(succeeded).toEqual(provisionSteps);
    for (const step of provisionSteps) {
      const own = events.flatMap((event) => (event.type === 'step' && event.step === step ? [event.status] : []));
      expect([own[0], own.at(-1)]).toEqual(['running', 'succeeded']);
    }
    const orders = events.flatMap((event) => (event.type === 'order' ? [event.state] : []));
    expect(orders).toEqual(['fulfilling', 'fulfilled']);
    expect(events.filter((event) => event.type === 'log' && event.step === 'stack-up').length).toBeGreaterThanOrEqual(
      4,
    );
    expect(JSON.stringify(events)).not.toMatch(/@example\.com|_secret_|42424242/);
  });

  test('gives the same story as pages of JSON and from any place of the stream', async () => {
    const { order, events } = purchase;
    const headers = { authorization: `Bearer ${order.capability}` };
    const { body } = await json(`${order.links.events}?after=3&limit=5`, headers);
    expect(body).toEqual({ events: events.slice(3, 8), next: 8, more: true });
    const stop = new AbortController();
    const response = await fetch(order.links.events, {
      headers: { ...headers, accept: 'text/event-stream', 'last-event-id': '4' },
      signal: stop.signal,
    });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('\n\nid: 6') && !/id:\s*6\n/.test(text)) text += (await reader.read()).value ?? '';
    stop.abort();
    expect(text).toMatch(/id:\s*5\n/);
    expect(text).not.toMatch(/id:\s*4\n/);
  });

  test('leaves with each of its parties exactly what was bought', async () => {
    expect(await findings(world(), purchase)).toEqual(delivered(purchase));
    const details = await world().customer.details(purchase.order);
    expect(details).toMatchObject({ state: 'fulfilled', total: purchase.quote.total, refunded: 0 });
    expect(details.paid).toBe(details.total);
    const [licence] = await world().outside.licences(purchase.order.instanceId);
    expect(licence).toMatchObject({ plan: 'GROW', status: 'ACTIVE', seats: { production: { limit: 1 } } });
  });

  test('mails the payer the link of the order and a receipt, and the administrator the sign-in link', async () => {
    const mails = await world().outside.mails(purchase.order.id);
    const { payer } = purchase;
    expect(mails.map(({ to }) => to[0]).sort()).toEqual([administrator, payer, payer].sort());
    const [toAdministrator, toPayer, orderLink] = await Promise.all([textOf('ready'), textOf('paid'), textOf('link')]);
    expect(orderLink).toContain('Your payment has arrived.');
    expect(toAdministrator).toContain(`#define THINGER_SERVER "${purchase.quote.subject.hostname}"`);
    expect(toAdministrator).toMatch(/24 to 48 hours/);
    expect(toPayer).toContain(purchase.quote.subject.hostname);
    expect(toPayer).toContain((purchase.quote.total / 100).toFixed(2));
    const link = /http:\S+\/orders\/\S+/.exec(toPayer)?.[0] ?? '';
    expect(orderLink).toContain(link);
    const entry = await fetch(link, { redirect: 'manual' });
    const cookie = entry.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const page = await fetch(new URL(entry.headers.get('location') ?? '', link), { headers: { cookie } });
    expect([entry.status, page.status, await page.text()]).toEqual([
      303,
      200,
      expect.stringContaining(purchase.quote.subject.hostname),
    ]);
    expect(toAdministrator).not.toContain(purchase.order.capability);

    async function textOf(kind: string): Promise<string> {
      const { id } = mails.find(({ messageId }) => messageId.includes(`-${kind}@`))!;
      const mail = await (await fetch(`${world().platform.urls.mailbox}/messages/${id}`)).json();
      return (mail as { text: string }).text;
    }
  });

  test('leaves no secret of its page in the history of its workflows', async () => {
    const histories = await historiesOf(world(), purchase);
    expect(histories.map(({ events }) => events > 10)).toEqual([true, true]);
    const all = histories.map(({ text }) => text).join('\n');
    expect(all).toContain(purchase.order.id);
    expect(all).not.toContain(purchase.order.capability);
  });

  test('answers on its hostname over TLS, licensed, to its administrator alone', async () => {
    const { instance } = await world().customer.details(purchase.order);
    expect(new URL(instance!.url).hostname).toBe(purchase.quote.subject.hostname);
    visitor = createVisitor(instance!.url, world().reach);
    expect(await visitor.health()).toMatchObject({ status: 'ok', instanceId: purchase.order.instanceId });
    const stranger = await createVisitor(instance!.url, world().reach).signUp('eve@example.com', 'a password of hers');
    expect(stranger).toEqual({ admitted: false, sentence: expect.stringMatching(/not authorised/i) });
    expect(await visitor.signUp(administrator, 'correct horse battery')).toEqual({ admitted: true });
    const device = await visitor.addDevice('Greenhouse');
    await visitor.sendReading(device, { temperature: 21.5 });
    expect(await visitor.state()).toMatchObject({
      instance: { plan: 'GROW' },
      licence: { state: 'OK' },
      devices: [{ id: device.id, lastReading: { values: { temperature: 21.5 } } }],
    });
  });

  test('shows its instance to the signed-in payer and to nobody else', async () => {
    const { instanceId } = purchase.order;
    const cookie = await signIn(purchase.payer);
    const own = await json(`/v1/instances/${instanceId}`, { cookie });
    expect(own).toMatchObject({
      status: 200,
      body: {
        id: instanceId,
        hostname: purchase.quote.subject.hostname,
        plan: 'GROW',
        status: 'ready',
        standing: 'current',
      },
    });
    expect((await json(`/v1/instances/${instanceId}`)).status).toBe(401);
    const other = await signIn('mallory@example.com');
    expect((await json(`/v1/instances/${instanceId}`, { cookie: other })).status).toBe(404);
  });

  test('shows its licence, at the licence server, to the payer by a token and to other accounts not', async () => {
    const licencesOf = async (email: string) => {
      const cookie = await signIn(email);
      const { csrfToken } = (await json('/v1/me', { cookie })).body as { csrfToken: string };
      const answer = await fetch(`${world().platform.urls.api}/v1/me/licence-token`, {
        method: 'POST',
        headers: { cookie, 'x-csrf-token': csrfToken },
      });
      const { token, licenceServer } = LicenceToken.parse(await answer.json());
      const headers = { authorization: `Bearer ${token}` };
      const shown = await fetch(new URL('/v1/me/licenses', licenceServer), { headers });
      expect(shown.status).toBe(200);
      return PortalLicences.parse(await shown.json()).licenses;
    };
    const [licence] = await world().outside.licences(purchase.order.instanceId);
    expect((await licencesOf(purchase.payer)).map(({ licenseId }) => licenseId)).toEqual([licence?.licenseId]);
    expect(await licencesOf('mallory@example.com')).toEqual([]);
  });

  test('is listed and shown by the freehold command', async () => {
    const { id, instanceId, operationId } = purchase.order;
    const [orders, order, instances, instance, operation] = await Promise.all([
      freehold(world(), 'orders', 'list'),
      freehold(world(), '--json', 'orders', 'show', id),
      freehold(world(), 'instances', 'list', '--status', 'ready'),
      freehold(world(), '--json', 'instances', 'show', instanceId),
      freehold(world(), 'operations', 'show', operationId),
    ]);
    expect([orders, order, instances, instance, operation].map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
    expect(orders.out).toContain(id);
    expect(JSON.parse(order.out)).toMatchObject({ id, state: 'fulfilled', paid: purchase.quote.total });
    expect(instances.out).toContain(purchase.quote.subject.hostname);
    expect(JSON.parse(instance.out)).toMatchObject({ id: instanceId, status: 'ready', orderId: id });
    for (const step of provisionSteps) expect(operation.out).toContain(step);
    expect(await freehold(world(), 'orders', 'show', 'ord_0000000000000000')).toMatchObject({ code: 5 });
  });

  test(
    'is restarted by its payer and by an operator: another process, the same data, ready again',
    async () => {
      const { instanceId } = purchase.order;
      const before = await hostPid(instanceId);
      const cookie = await signIn(purchase.payer);
      const { csrfToken } = (await json('/v1/me', { cookie })).body as { csrfToken: string };
      const request = {
        method: 'POST',
        headers: { cookie, 'x-csrf-token': csrfToken, 'idempotency-key': 'restart-1' },
      };
      const path = `${world().platform.urls.api}/v1/instances/${instanceId}/restart`;
      const [answer, repeated] = await Promise.all([fetch(path, request), fetch(path, request)]);
      expect([answer.status, repeated.status]).toEqual([202, 202]);
      const accepted = AcceptedOperation.parse(await answer.json());
      expect(await repeated.json()).toMatchObject({ operationId: accepted.operationId });
      const ended = await until(
        async () => {
          const { status, body } = await json(`/v1/operations/${accepted.operationId}`, { cookie });
          const operation = body as Operation;
          return status === 200 && operation.endedAt ? operation : undefined;
        },
        { what: 'the restart has ended', limitMs: timeoutMs },
      );
      expect(ended).toMatchObject({ kind: 'restart', status: 'succeeded' });
      expect(ended.steps.map(({ step, status }) => [step, status])).toEqual([
        ['restart-machines', 'succeeded'],
        ['await-healthy', 'succeeded'],
      ]);
      const after = await hostPid(instanceId);
      expect(after).not.toBe(before);
      expect(await visitor.state()).toMatchObject({
        licence: { state: 'OK' },
        devices: [{ lastReading: { values: { temperature: 21.5 } } }],
      });
      const page = await fetch(new URL(accepted.links.page, world().platform.urls.api), { headers: { cookie } });
      expect(await page.text()).toContain('Restart the server');

      const command = await freehold(world(), '--json', 'instances', 'restart', instanceId);
      expect(command).toMatchObject({ code: 0 });
      expect(JSON.parse(command.out)).toMatchObject({ kind: 'restart', status: 'succeeded' });
      expect(await hostPid(instanceId)).not.toBe(after);
      expect((await json(`/v1/instances/${instanceId}`, { cookie })).body).toMatchObject({ status: 'ready' });
    },
    timeoutMs,
  );

  test('its name can be had by nobody else', async () => {
    await expect(world().customer.quote(cart({ name: purchase.name }))).rejects.toMatchObject({
      problem: { code: 'hostname_taken', status: 409 },
    });
  });

  test('the API describes itself', async () => {
    const { body } = await json('/v1/openapi.json');
    const document = body as { openapi: string; paths: Record<string, unknown> };
    expect(document.openapi).toMatch(/^3\.1/);
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/v1/quotes',
        '/v1/orders',
        '/v1/orders/{id}/events',
        '/v1/operator/operations/{id}/retry',
      ]),
    );
    const page = await fetch(`${world().platform.urls.api}/docs`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
  });

  (canFollow ? test : test.skip)(
    `can be made with the commands of docs/getting-started.md${without}`,
    async () => {
      const name = someName();
      const page = readFileSync(join(import.meta.dirname, '../../docs/getting-started.md'), 'utf8');
      const steps = stepsOf(page.replaceAll('acme.local', `${name}.local`));
      expectShown(steps, await run(steps, { API: world().platform.urls.api, NAME: name }));
    },
    timeoutMs,
  );

  test(
    'stopping the platform ends its processes and hosts and frees its ports',
    async () => {
      const { platform } = world();
      const started = platform.processes.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
      const host = identify(await hostPid(purchase.order.instanceId));
      const ours = [...started.map(identify), ...started.flatMap(descendants), host];
      expect(ours).not.toContain(null);
      await platform.stop();
      expect(ours.filter((process) => isAlive(process!))).toEqual([]);
      for (const port of Object.values(platform.ports)) expect(await isFree(port)).toBe(true);
    },
    timeoutMs,
  );
});
