import { describe, expect, test } from '@jest/globals';
import { estimateFrom } from '../../src/api/orders/estimates.ts';
import { announcementText, estimateText, noteText, outcomeTexts } from '../../src/api/pages/order-texts.ts';
import { operationView } from '../../src/api/views/operation-view.ts';
import { orderView } from '../../src/api/views/order-view.ts';
import { orderFacts } from '../../src/contracts/api/order-facts.ts';
import { stepNamesOf } from '../../src/contracts/operations/operation.ts';
import { provision } from '../../src/contracts/operations/provision.ts';
import { OrderState } from '../../src/contracts/states.ts';
import type { OperationRecord, OrderRecord } from '../../src/store/records.ts';
import { textsOf } from '../../src/texts/texts.ts';
import { notedWorkflows, order, useApi } from '../support/api.ts';

const { livePage } = textsOf('en');
const provisionSteps = stepNamesOf(provision);

const { workflows, calls } = notedWorkflows();

const api = useApi({ workflows });

/** Follows the link of an order, as a browser does. */
async function visit() {
  const { accepted, record } = await order(api);
  const link = new URL(accepted.links.page);
  const entry = await api.call('GET', link.pathname + link.search);
  const cookie = entry.headers.get('set-cookie')?.split(';')[0] ?? '';
  return { accepted, record, entry, cookie, path: link.pathname };
}

const formToken = (page: string) => /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
const form = (csrf: string, cookie: string) => ({
  raw: new URLSearchParams({ csrf }).toString(),
  headers: { 'content-type': 'application/x-www-form-urlencoded', cookie },
});

describe('the live page', () => {
  test('keeps the secret of the link in a cookie and goes on to the clean address', async () => {
    const { entry, path, cookie } = await visit();
    expect([entry.status, entry.headers.get('location')]).toEqual([303, path]);
    expect(entry.headers.get('set-cookie')).toMatch(/HttpOnly/);
    const page = await api.call('GET', path, { headers: { cookie } });
    expect(page.status).toBe(200);
    expect(page.body).toContain('Waiting for your payment');
    expect(page.headers.get('cache-control')).toBe('no-store');
  });

  test('reads without scripts, and its events open with the same cookie', async () => {
    const { path, cookie, accepted } = await visit();
    const { body } = await api.call('GET', path, { headers: { cookie } });
    expect(body).toContain('<noscript><meta http-equiv="refresh"');
    expect(body).toContain('<progress');
    expect(body).toContain('role="status" aria-live="polite"');
    expect(body).not.toMatch(/ style=| onclick=|<script>/);
    expect((await api.call('GET', `/v1/orders/${accepted.id}/events`, { headers: { cookie } })).status).toBe(200);
  });

  test('is nobody else’s', async () => {
    const { path } = await visit();
    const stranger = await visit();
    expect((await api.call('GET', path)).status).toBe(401);
    expect((await api.call('GET', path, { headers: { cookie: stranger.cookie } })).status).toBe(401);
    expect((await api.call('GET', `${path}?key=${'x'.repeat(43)}`)).status).toBe(404);
    expect((await api.call('GET', '/orders/nothing')).status).toBe(404);
  });

  test('says without its link what opens it, and sends nobody to a sign-in that no page has', async () => {
    const { path } = await visit();
    const { body, status } = await api.call('GET', path);
    expect(status).toBe(401);
    expect(body).toContain('This page opens by the link of the order');
    expect(body).toMatch(/whole line that you got when you ordered.*until 7 days after/);
    expect(body).not.toMatch(/sign in first|or sign in with/);
    const [, call] = /<code>POST ([^<]+)<\/code> of the <a href="\/docs">/.exec(body) ?? [];
    const document = await api.call('GET', '/v1/openapi.json');
    expect(Object.keys(document.body.paths)).toContain(call);
    expect((await api.call('GET', '/docs')).status).toBe(200);
  });

  test('cancels by its form, with its token alone', async () => {
    const { path, cookie, record } = await visit();
    const page = await api.call('GET', path, { headers: { cookie } });
    // Meanwhile a cancel starts an order again whose first start is not recorded yet.
    const cancels = () => calls.filter(({ call }) => call === 'cancel');
    expect((await api.call('POST', `${path}/cancel`, form('wrong', cookie))).status).toBe(403);
    expect((await api.call('POST', `${path}/cancel`, form(formToken(page.body), ''))).status).toBe(401);
    expect((await api.call('POST', `/v1${path}/cancel`, { headers: { cookie } })).status).toBe(401);
    expect(cancels()).toEqual([]);

    const answer = await api.call('POST', `${path}/cancel`, form(formToken(page.body), cookie));
    expect([answer.status, answer.headers.get('location')]).toEqual([303, path]);
    expect(cancels()).toMatchObject([{ args: [record.instanceId, { by: 'customer', updateId: expect.any(String) }] }]);
  });

  test('shows names as text, whatever is in them', async () => {
    const { path, cookie, record } = await visit();
    await api.store.timeline.append(
      { instanceId: record.instanceId, orderId: record._id },
      { type: 'log', step: 'stack-up', severity: 'error', text: '<img src=x onerror=alert(1)>' },
    );
    const { body } = await api.call('GET', path, { headers: { cookie } });
    expect(body).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(body).not.toContain('<img');
  });
});

const at = Date.parse('2026-11-22T12:00:00Z');
const step = (
  name: (typeof provisionSteps)[number],
  status: OperationRecord['steps'][number]['status'],
  from = 0,
  to?: number,
) => ({
  step: name,
  status,
  attempt: 1,
  startedAt: new Date(at + from),
  ...(to === undefined ? {} : { endedAt: new Date(at + to) }),
});

async function factsOf(
  change: Partial<OrderRecord>,
  operation: Partial<OperationRecord> = {},
  estimate?: ReturnType<typeof estimateFrom>,
) {
  const { record } = await order(api);
  const row: OperationRecord = {
    _id: record.operationId,
    instanceId: record.instanceId,
    orderId: record._id,
    accountId: record.accountId,
    kind: 'provision',
    status: 'running',
    steps: [],
    createdAt: new Date(at),
    ...operation,
  };
  const shown = { order: orderView(api.deps, { ...record, ...change }), operation: operationView(row) };
  return orderFacts({ ...shown, events: [], estimate, at: at + 60_000 });
}

describe('what the page says', () => {
  test('tells of a payment that the bank has not confirmed that there is nothing more to do', async () => {
    const steps = [{ step: 'await-payment', status: 'waiting', attempt: 1, reason: 'payment_processing' } as const];
    const facts = await factsOf({ state: 'awaiting_payment' }, { steps });
    expect(facts).toMatchObject({ processing: true, headline: 'payment_processing' });
    expect(livePage.headlines[facts.headline].lead).toContain('nothing more for you to do');
    const { record, path, cookie } = await visit();
    const { operationId: _id, instanceId, accountId } = record;
    const row = { _id, instanceId, accountId, orderId: record._id, kind: 'provision', status: 'running' } as const;
    await api.store.operations.insert({ ...row, steps, createdAt: new Date() });
    const { body } = await api.call('GET', path, { headers: { cookie } });
    expect(body).toContain('goes back as soon as it arrives');
    expect(body).not.toContain('othing has been charged');
    expect(body).not.toContain('othing was charged');
  });

  test('has a headline for every state, and who acts next for every end', async () => {
    for (const state of OrderState.options) {
      const facts = await factsOf({ state, reason: 'payment_expired' });
      expect(livePage.headlines[facts.headline].title.length).toBeGreaterThan(5);
      if (facts.ended && state !== 'fulfilled') {
        expect(outcomeTexts(facts.outcome!, 'EUR')).toMatchObject({
          happened: 'The payment was not completed in time.',
          money: 'Nothing was charged.',
          next: 'Nobody; nothing is left to do. The name is free again; you may place a new order at any time.',
        });
      }
    }
  });

  test('tells what was charged and what went back', async () => {
    const money = async (paid: number, refunded: number) =>
      outcomeTexts(
        (await factsOf({ state: 'cancelling', reason: 'cancelled_by_customer', paid, refunded })).outcome!,
        'EUR',
      ).money;
    expect(await money(0, 0)).toBe('We are reading what was charged; whatever it is goes back in full.');
    expect(await money(12_345, 0)).toBe('€123.45 was charged and is being given back in full.');
    expect(await money(12_345, 2_345)).toBe(
      '€123.45 was charged and is being given back in full, €23.45 of it is back already.',
    );
    expect(await money(12_345, 12_345)).toMatch(/given back in full\. Banks/);
  });

  test('tells who paid outside Stripe that a person returns it', async () => {
    const ended = { state: 'cancelled', reason: 'cancelled_by_customer', paid: 12_345, refunded: 0 } as const;
    const { money, next } = outcomeTexts((await factsOf({ ...ended, paidOutside: 12_345 })).outcome!, 'EUR');
    expect(money).toBe('€123.45 was paid outside our payment service, and one of us returns it to you.');
    expect(next).toMatch(/^We do;/);
  });

  test('grows with the steps and reaches the end only when the server is ready', async () => {
    const shares: (number | undefined)[] = [];
    for (let done = 0; done < provisionSteps.length; done += 1) {
      const steps = provisionSteps.slice(0, done).map((name) => step(name, 'succeeded', 0, 1_000));
      shares.push((await factsOf({ state: 'fulfilling' }, { steps })).percent);
    }
    expect(shares).toEqual([...shares].sort((a, b) => Number(a) - Number(b)));
    expect(shares[0]).toBe(0);
    expect(shares.at(-1)).toBe(99);
    expect((await factsOf({ state: 'fulfilled' })).percent).toBe(100);
    expect((await factsOf({ state: 'cancelling' })).percent).toBeUndefined();
  });

  test('estimates from the last runs and owns up when it takes longer', async () => {
    const run = (ms: number) => ({
      steps: [
        step('await-payment', 'succeeded', 0, 0),
        step('stack-up', 'succeeded', 0, ms / 2),
        step('mark-ready', 'succeeded', ms, ms),
      ],
    });
    expect(estimateFrom([run(1_000), run(2_000)])).toBeUndefined();
    const estimate = estimateFrom([run(10_000), run(20_000), run(30_000), run(40_000)]);
    expect(estimate).toEqual({
      lowMs: 20_000,
      highMs: 40_000,
      steps: { 'await-payment': 0, 'stack-up': 15_000, 'mark-ready': 0 },
    });

    const paid = { steps: [step('await-payment', 'succeeded', 0, 30_000)] };
    const inTime = await factsOf({ state: 'fulfilling' }, paid, estimate);
    expect(estimateText(inTime.estimate)).toBe('usually 20 to 40 seconds');
    expect(inTime.late).toBe(false);
    expect(estimateText((await factsOf({ state: 'fulfilling' }, paid)).estimate)).toBe(
      'no estimate yet: too few were built here',
    );
    const slow = { steps: [step('await-payment', 'succeeded', -30_000, -10_000)] };
    expect((await factsOf({ state: 'fulfilling' }, slow, estimate)).late).toBe(true);
  });

  test('says what needs our team, and shows undo steps apart', async () => {
    const facts = await factsOf(
      { state: 'fulfilling' },
      {
        status: 'needs_operator',
        reason: 'stack_failed',
        steps: [
          { step: 'stack-up', status: 'needs_operator', attempt: 1, reason: 'stack_failed', detail: 'internal detail' },
        ],
      },
    );
    expect(facts).toMatchObject({ tone: 'attention', headline: 'needs_operator' });
    expect(outcomeTexts(facts.outcome!, 'EUR')).toMatchObject({
      happened: 'The server could not be built.',
      next: expect.stringMatching(/^We do\./),
    });
    expect(announcementText(facts)).toBe('A step needs our team. Build the server: our team works on it.');
    expect(noteText(facts.forward.find(({ step }) => step === 'stack-up')!, 'provision')).toBe(
      'The server could not be built.',
    );
    expect(JSON.stringify(facts)).not.toContain('internal detail');

    const undone = await factsOf(
      { state: 'cancelling', reason: 'cancelled_by_customer' },
      {
        status: 'undoing',
        steps: [
          step('hold-hostname', 'succeeded', 0, 5),
          { step: 'settle-money', status: 'running', attempt: 1, startedAt: new Date(at) },
        ],
      },
    );
    expect(undone.undo.map((each) => [each.step, each.status, noteText(each, 'provision')])).toEqual([
      ['settle-money', 'running', 'Nothing is charged that was not delivered.'],
    ]);
    expect(undone.forward.at(-1)).toMatchObject({ status: 'never' });
    expect(undone.mayCancel).toBe(false);

    const cut = {
      steps: [{ step: 'stack-up' as const, status: 'running' as const, attempt: 1, startedAt: new Date(at) }],
    };
    const stopped = await factsOf({ state: 'cancelled', reason: 'cancelled_by_customer' }, cut);
    expect(stopped.forward.find((each) => each.step === 'stack-up')).toMatchObject({
      status: 'stopped',
      note: undefined,
    });
  });
});
