import { describe, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createJournal } from '../../src/activities/lib/journal.ts';
import { beginUndo } from '../../src/activities/records/end-order.ts';
import { holdHostname } from '../../src/activities/records/hold-hostname.ts';
import { reportDrift } from '../../src/activities/records/report-drift.ts';
import { estimateFrom } from '../../src/api/orders/estimates.ts';
import { logLine } from '../../src/api/pages/order-log.ts';
import { announcementText, estimateText, noteText, outcomeTexts } from '../../src/api/pages/order-texts.ts';
import { orderDetailsView } from '../../src/api/views/order-view.ts';
import { orderFacts } from '../../src/contracts/api/order-facts.ts';
import type { Difference, JudgedDrift } from '../../src/contracts/drift.ts';
import type { EventBody, TimelineEvent } from '../../src/contracts/events.ts';
import { stepNamesOf } from '../../src/contracts/operations/operation.ts';
import { provision } from '../../src/contracts/operations/provision.ts';
import type { ReasonCode } from '../../src/contracts/reasons.ts';
import { InstanceStatus, OperationStatus, OrderState, StepStatus } from '../../src/contracts/states.ts';
import { productLinks } from '../../src/mail/product-links.ts';
import type { HostnameHold } from '../../src/store/hostname-holds.ts';
import type { OperationRecord, OrderRecord } from '../../src/store/records.ts';
import { textsOf } from '../../src/texts/texts.ts';
import { notedWorkflows, order, useApi } from '../support/api.ts';
import { watchIncidents } from '../support/incidents.ts';
import { instanceRecord } from '../support/instance-record.ts';

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

  test('leads to documents that this api serves', async () => {
    for (const { url } of productLinks({ ...api.deps.config, FREEHOLD_PUBLIC_URL: api.url }).documents) {
      const page = await api.call('GET', new URL(url).pathname);
      expect(page.status).toBe(200);
      expect(page.body).toMatch(/<h2>.+<\/h2>\s*<p>.{40,}/);
    }
    const { path, cookie } = await visit();
    expect((await api.call('GET', path, { headers: { cookie } })).body).not.toContain('thinger.io');
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
  name: OperationRecord['steps'][number]['step'],
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

const shown = { currency: 'EUR', hostname: 'acme.local.freehold.localhost' } as const;

async function factsOf(
  change: Partial<OrderRecord>,
  operation: Partial<OperationRecord> = {},
  estimate?: ReturnType<typeof estimateFrom>,
  hold: HostnameHold | null = null,
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
  const records = { order: { ...record, ...change }, operation: row, instance: null, hold };
  const details = orderDetailsView(api.deps, records);
  return orderFacts({ order: details, operation: details.operation, events: [], estimate, at: at + 60_000 });
}

describe('the page of a delivered server', () => {
  test('whose volume is gone shows the incident and sends nobody to it; afterwards it is ready again', async () => {
    const { record, path, cookie } = await visit();
    const { _id: orderId, instanceId, accountId } = record;
    for (const to of ['fulfilling', 'fulfilled'] as const) await api.store.orders.move(orderId, { to });
    await api.store.instances.insert(instanceRecord({ _id: instanceId, orderId, accountId, status: 'ready' }));
    const look = async () => (await api.call('GET', path, { headers: { cookie } })).body as string;
    expect(await look()).toContain('Open your server');

    const ref = { instanceId, operationId: 'op_1111111111111111' };
    const row = { _id: ref.operationId, instanceId, accountId, kind: 'check-drift', status: 'running' } as const;
    await api.store.operations.insert({ ...row, steps: [], createdAt: new Date() });
    const volume: Difference = {
      ...{ name: 'volume-node-1', id: 'vol-1', change: 'missing', properties: [], protected: true },
    };
    const drift: JudgedDrift = {
      ...{ differences: [volume], requiredVolumeIds: [], verdict: 'needs_person', reason: 'volume_gone' },
    };
    const context = { ...ref, step: 'report-drift', attempt: 1 } as const;
    const ports = { store: api.store, journal: createJournal(api.store) };
    const report = new MockActivityEnvironment().run(reportDrift(ports as never), context, drift);
    await expect(report).rejects.toMatchObject({ code: 'volume_gone' });
    await api.store.operations.setStatus(ref.operationId, { status: 'needs_operator', reason: 'volume_gone' });
    const body = await look();
    expect(body).toContain('<h1>Something is wrong with your server</h1>');
    expect(body).toMatch(/id="incident"[^>]* role="alert"/);
    expect(body).toContain('The data volume of your server is missing.');
    expect(body).toMatch(/<li>[^<]*volume[^<]*<\/li>/i);
    expect(body).toContain('Our team has been notified and decides what is done.');
    expect(body).not.toContain('Open your server');
    expect(body).toContain('data-ended="false"');

    // Days later, with the check ended: it is still the truth.
    await api.store.operations.model.updateOne(
      { _id: ref.operationId },
      { $set: { status: 'cancelled', reason: 'check_ended', endedAt: new Date(Date.now() - 86_400_000) } },
    );
    expect(await look()).toContain('The data volume of your server is missing.');
    await api.store.instances.update(instanceId, { status: 'ready' });
    expect(await look()).toContain('Open your server');
  });
});

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
    expect(body).toContain('is refunded as soon as it arrives');
    expect(body).not.toContain('othing has been charged');
    expect(body).not.toContain('othing was charged');
  });

  test('has a headline for every state, and who acts next for every end', async () => {
    for (const state of OrderState.options) {
      const facts = await factsOf({ state, reason: 'payment_expired' }, { status: 'failed' });
      expect(livePage.headlines[facts.headline].title.length).toBeGreaterThan(5);
      if (facts.ended && state !== 'fulfilled') {
        expect(outcomeTexts(facts.outcome!, shown)).toMatchObject({
          happened: 'The payment was not completed in time.',
          money: 'Nothing was charged.',
          next: 'Nobody; nothing is left to do. The name is free, you can order it again.',
        });
      }
    }
  });

  test('does not say that money is back whose refund failed after the end, nor that nobody acts', async () => {
    const of = async (change: Parameters<typeof factsOf>[0]) => {
      const facts = await factsOf(
        { state: 'cancelled', reason: 'cancelled_by_customer', ...change },
        { status: 'failed' },
      );
      return outcomeTexts(facts.outcome!, shown);
    };
    const failed = await of({ paid: 12_345, refunded: 0 });
    expect(failed.money).toBe('€123.45 was charged and is being given back in full.');
    expect(failed.next).toContain('We do; you need not do anything.');
    expect((await of({ paid: 12_345, refunded: 0, paidOutside: 12_345 })).money).toContain(
      'outside our payment service',
    );
  });

  test('tells what was charged and what went back', async () => {
    let steps: OperationRecord['steps'] = [];
    const money = async (paid: number, refunded: number) =>
      outcomeTexts(
        (await factsOf({ state: 'cancelling', reason: 'cancelled_by_customer', paid, refunded }, { steps })).outcome!,
        shown,
      ).money;
    expect(await money(0, 0)).toBe('We are reading what was charged; whatever it is goes back in full.');
    steps = [step('settle-money', 'succeeded', 0, 1)];
    expect(await money(0, 0)).toBe('Nothing was charged.');
    expect(await money(12_345, 0)).toBe('€123.45 was charged and is being given back in full.');
    expect(await money(12_345, 2_345)).toBe(
      '€123.45 was charged and is being given back in full, €23.45 of it is back already.',
    );
    expect(await money(12_345, 12_345)).toMatch(/given back in full\. Banks/);
  });

  test('tells who paid outside Stripe that a person returns it', async () => {
    const ended = { state: 'cancelled', reason: 'cancelled_by_customer', paid: 12_345, refunded: 0 } as const;
    const { money, next } = outcomeTexts((await factsOf({ ...ended, paidOutside: 12_345 })).outcome!, shown);
    expect(money).toBe('€123.45 was paid outside our payment service, and our team returns it to you.');
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
    expect(outcomeTexts(facts.outcome!, shown)).toMatchObject({
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
      ['settle-money', 'running', 'Whatever was charged goes back in full, and nothing more can be charged.'],
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

  test('after a cancel: what is still being removed, and the name only after its release', async () => {
    const cancelled = { state: 'cancelled', reason: 'cancelled_by_customer' } as const;
    const begun = [
      step('hold-hostname', 'succeeded', 0, 1),
      step('issue-licence', 'succeeded', 1, 2),
      step('stack-up', 'stopped', 2, 3),
      step('settle-money', 'succeeded', 3, 4),
      step('revoke-licence', 'succeeded', 3, 4),
    ];
    const destroying = [...begun, step('destroy-stack', 'running', 4)];
    const holder = { holder: 'instance', tokenHash: 'x', until: null } as const;
    const { record } = await order(api);
    const held = { ...holder, _id: record.quote.subject.name, holderId: record.instanceId };
    const change = { ...cancelled, instanceId: record.instanceId };
    const facts = await factsOf(change, { status: 'undoing', steps: destroying }, undefined, held);
    expect(facts).toMatchObject({ ended: false, removing: ['server', 'name'], tone: 'over', headline: 'cancelled' });
    expect(facts.current?.step).toBe('destroy-stack');
    expect(outcomeTexts(facts.outcome!, shown).next).toBe(
      'We do; it continues automatically. You need not do anything. ' +
        'You can order acme.local.freehold.localhost again as soon as everything is removed.',
    );

    const removed = [...begun, step('destroy-stack', 'succeeded', 4, 5), step('release-hostname', 'succeeded', 5, 6)];
    const done = await factsOf(change, { status: 'cancelled', steps: removed });
    expect(done).toMatchObject({ ended: true, removing: [] });
    expect(outcomeTexts(done.outcome!, shown).next).toMatch(/The name is free/);
    const taken = { ...held, holderId: 'somebody' };
    const later = await factsOf(change, { status: 'cancelled', steps: removed }, undefined, taken);
    expect(outcomeTexts(later.outcome!, shown).next).toMatch(/Somebody else has the name/);
  });

  test('a wanted cancel is nothing bad, and no step of it failed', async () => {
    const { record } = await order(api);
    const ref = { instanceId: record.instanceId, orderId: record._id, operationId: record.operationId };
    const journal = createJournal(api.store);
    const ports = { store: api.store, journal, holdMs: 60_000, ...watchIncidents(api.store) };
    await holdHostname(ports)({ ...ref, step: 'hold-hostname', attempt: 1 });
    await journal.note({ ...ref, step: 'await-payment', attempt: 1 }, { status: 'waiting', reason: 'not_paid_yet' });
    await beginUndo(ports)(ref, 'cancelled_by_customer');
    const events = await api.store.timeline.page(record.instanceId, 0, 100);
    const operation = await api.store.operations.find(record.operationId);
    const facts = await factsOf({ state: 'cancelled', reason: 'cancelled_by_customer' }, { ...operation! });
    expect(facts.tone).toBe('over');
    expect(facts.forward.map(({ status }) => status)).not.toContain('failed');
    expect(events.map(logLine).filter(({ severity, text }) => severity === 'error' || /failed/.test(text))).toEqual([]);
    expect(livePage.headlines.cancelling.lead).toContain('whatever you paid');
  });

  test('the log has the words of the texts, and no code of a state, of a reason or of an operation', () => {
    const event = (body: EventBody) =>
      ({ instanceId: 'ins_1', sequence: 1, at: new Date(at).toISOString(), ...body }) as TimelineEvent;
    const text = (body: EventBody) => logLine(event(body)).text;
    expect([
      text({ type: 'operation', kind: 'provision', status: 'needs_operator' }),
      text({ type: 'operation', kind: 'restart', status: 'queued' }),
      text({ type: 'instance', status: 'orphan_cleanup' }),
      text({ type: 'order', state: 'awaiting_payment' }),
      text({ type: 'step', step: 'stack-up', status: 'retrying', attempt: 2, reason: 'cloud_unavailable' }),
    ]).toEqual([
      'Operation “Build the server”: our team works on it',
      'Operation “Restart the server”: waits for its turn',
      'Server: its last parts are being removed',
      'Order: waiting for the payment',
      'Build the server: trying again, attempt 2. The cloud does not answer at the moment. We keep trying.',
    ]);
    const bodies: EventBody[] = [
      ...OrderState.options.map((state) => ({ type: 'order' as const, state })),
      ...InstanceStatus.options.map((status) => ({ type: 'instance' as const, status })),
      ...OperationStatus.options.map((status) => ({ type: 'operation' as const, kind: 'restart' as const, status })),
      ...StepStatus.options.map((status) => ({ type: 'step' as const, step: 'stack-up' as const, status, attempt: 1 })),
    ];
    for (const body of bodies) expect(text(body)).toMatch(/^[A-Z][^_]*: [a-z][^_]*$/);
  });

  test('while the customer has to pay: the hold, the tries left, and what their bank asks', async () => {
    const until = new Date(at + 30 * 60_000);
    const { record } = await order(api);
    const hold = { _id: 'x', holder: 'order', holderId: record._id, tokenHash: 'x', until } as const;
    const waits = async (reason: ReasonCode, declines = 0) => {
      const steps = [{ step: 'await-payment', status: 'waiting', attempt: 1, reason } as const];
      return factsOf({ _id: record._id, state: 'awaiting_payment', declines }, { steps }, undefined, hold);
    };
    expect((await waits('not_paid_yet')).payment).toEqual({
      ...{ attempt: 'none', declines: 0, triesLeft: 8 },
      heldUntil: until.getTime() > Date.now() ? until.getTime() : undefined,
    });
    const asked = await waits('confirmation_open');
    expect([asked.headline, asked.payment?.attempt]).toEqual(['confirmation_open', 'confirmation_open']);
    const refused = await waits('confirmation_refused', 1);
    expect(refused).toMatchObject({ headline: 'payment_refused', payment: { declines: 1, triesLeft: 7 } });
    expect(await waits('declined_try_again', 2)).toMatchObject({ payment: { attempt: 'declined', triesLeft: 6 } });

    const { path, cookie, record: shownOrder } = await visit();
    await api.store.holds.extend(shownOrder.quote.subject.name, shownOrder._id, new Date(Date.now() + 3_600_000));
    const { operationId: _id, instanceId, accountId } = shownOrder;
    const row = { _id, instanceId, accountId, orderId: shownOrder._id, kind: 'provision', status: 'running' } as const;
    const steps = [{ step: 'await-payment', status: 'waiting', attempt: 1, reason: 'confirmation_refused' } as const];
    await api.store.operations.insert({ ...row, steps, createdAt: new Date() });
    await api.store.orders.setDeclines(shownOrder._id, 1);
    const { body } = await api.call('GET', path, { headers: { cookie } });
    expect(body).toContain('The payment was not confirmed at your bank, which charges nothing.');
    expect(body).toContain('7 more tries are possible before the order ends.');
    expect(body).toMatch(/held for you until <time datetime="[^"]+" data-local>\d\d:\d\d UTC<\/time>/);
  });
});
