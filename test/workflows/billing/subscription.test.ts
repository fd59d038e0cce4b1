import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createBillingActivities } from '../../../src/activities/billing/billing-activities.ts';
import { createLicenceAdmin } from '../../../src/activities/licensing/licence-admin.ts';
import { movePaidUntil } from '../../../src/activities/licensing/move-paid-until.ts';
import { createWorkflows, type Workflows } from '../../../src/api/workflows.ts';
import type { ReasonCode } from '../../../src/contracts/reasons.ts';
import {
  type SubscriptionReading,
  subscriptionChanged,
  subscriptionSignal,
  subscriptionWorkflowId,
  subscriptionWorkflowType,
} from '../../../src/contracts/subscription.ts';
import { stateQuery } from '../../../src/contracts/workflow-messages.ts';
import { priceList } from '../../../src/domain/catalogue/catalogue.ts';
import { catalogue } from '../../../src/domain/catalogue/catalogue-data.ts';
import { createStripeGateway, type StripeGateway } from '../../../src/payments/stripe-gateway.ts';
import {
  payAsBrowser,
  type RunningEmulator,
  runEmulator,
  secretKey,
  webhookSecret,
} from '../../emulators/stripe/run-emulator.ts';
import { adminToken, type LicenceWorld, startLicenceWorld } from '../../licence/support/licence-server.ts';
import { notedWorkflows, startApi, type TestApi, testConfig } from '../../support/api.ts';
import { startDatabase, type TestDatabase } from '../../support/database.ts';
import { watchIncidents } from '../../support/incidents.ts';
import { instanceRecord } from '../../support/instance-record.ts';
import { subscriptionRecord } from '../../support/subscription-record.ts';
import { until } from '../../support/until.ts';
import { createWorld, fail, type Running, type World, withInstance } from '../world.ts';

const hour = 3_600_000;
const day = 24 * hour;

const maker = 'plan.maker.local.monthly';

describe('the subscription of a delivered server', () => {
  let database: TestDatabase;
  let emulator: RunningEmulator;
  let licences: LicenceWorld;
  let gateway: StripeGateway;
  let api: TestApi;
  /** The workflows of the current test. */
  let workflows: Workflows;

  beforeAll(async () => {
    [database, licences] = await Promise.all([startDatabase(), startLicenceWorld()]);
    api = await startApi(database.uri, {
      config: { STRIPE_WEBHOOK_SECRET: webhookSecret },
      workflows: notedWorkflows({ signalSubscription: (subscription) => workflows.signalSubscription(subscription) })
        .workflows,
    });
    emulator = await runEmulator({ webhookUrl: `${api.url}/v1/stripe/webhook` });
    gateway = createStripeGateway({ secretKey, apiBase: emulator.address, intents: api.store.createIntents });
    await gateway.syncCatalogue(priceList(catalogue));
  }, 60_000);
  beforeEach(() => emulator.control('DELETE', 'faults'));
  afterAll(async () => {
    await emulator?.[Symbol.asyncDispose]();
    await api?.close();
    await Promise.all([database?.stop(), licences?.stop()]);
  });

  /** A delivered server, paid for one month, with its entity and its subscription's workflow. */
  async function delivered(play: (server: Awaited<ReturnType<typeof deliver>> & Running) => Promise<void>) {
    const world = createWorld();
    const { store } = api;
    const billing = createBillingActivities({
      ...watchIncidents(store),
      ...{ store, gateway, declineLimit: 8, holdAfterAttemptMs: day, paymentReadMs: 1_000, paymentReadLaterMs: 1_000 },
      renewalTimes: { renewalReadMs: 2 * hour, unpaidReadMs: 6 * hour },
    });
    const ask = createLicenceAdmin({ serverUrl: licences.url(), adminToken });
    const { readSubscription } = billing;
    Object.assign(world.activities, { readSubscription, movePaidUntil: movePaidUntil({ store, ask }) });
    await withInstance({ world, limitMs: 80_000 }, async (running) => {
      const { connection } = running.environment;
      workflows = createWorkflows({ connection, namespace: 'default', config: testConfig() });
      await until(async () => (await running.entity.query(stateQuery)).status === 'ready');
      await play({ ...(await deliver(running)), ...running });
    });
  }

  async function deliver({ instanceId, environment, entity }: Running) {
    const { store } = api;
    const accountId = `acc_${instanceId.slice(1)}`;
    const customer = await gateway.ensureCustomer({
      ...{
        buyer: accountId,
        accountId,
        identity: { name: 'Ada', email: 'ada@example.com', address: { country: 'ES' } },
      },
    });
    const { title, amount: unitAmount } = priceList(catalogue).find(({ lookupKey }) => lookupKey === maker)!;
    const payment = await gateway.createSubscription({
      ...{ baseKey: `${instanceId}:op:create-subscription`, customerId: customer.id, orderId: 'ord_1', instanceId },
      total: unitAmount,
      tax: { country: 'US', basisPoints: 0, name: 'No VAT', day: '2026-11-22' },
      items: [{ lookupKey: maker, title, quantity: 1, unitAmount }],
      currency: 'EUR',
    });
    const secret = await gateway.clientSecretOf(payment);
    await payAsBrowser(emulator.address, secret!, '4242424242424242');
    const { paidUntil } = await gateway.readSubscription(payment.subscriptionId);
    const { licenseId } = await licences.issue({ externalRef: instanceId });
    const standing = { standing: 'current', standingRevision: 1 } as const;
    await store.instances.insert(
      instanceRecord({ _id: instanceId, accountId, status: 'ready', ...standing, licenceId: licenseId, paidUntil }),
    );
    const subject = { kind: 'instance' as const, id: instanceId };
    const subscription = subscriptionRecord({ accountId, subject, stripeId: payment.subscriptionId });
    await store.subscriptions.open(subscription);
    const begun = await store.subscriptions.begin(subject);
    await workflows.signalSubscription(begun!);
    const handle = environment.client.workflow.getHandle(subscriptionWorkflowId(subscription._id));
    const renewsAt = async () => ((await entity.describe()).searchAttributes.RenewsAt as Date[] | undefined)?.[0];
    await until(async () => (await renewsAt())?.getTime() === paidUntil!.getTime());
    /** The paid-until in record, licence and the operators' list. */
    const shownPaidUntil = async () => {
      const { standing: held } = await licences.view(licenseId);
      const record = await store.instances.find(instanceId);
      return {
        record: record?.paidUntil,
        licence: held.paidUntil && new Date(held.paidUntil),
        renewsAt: await renewsAt(),
        revision: held.revision,
      };
    };
    return { subscription, payment, paidUntil: paidUntil!, handle, said: shownPaidUntil };
  }

  /** Renews at Stripe: a month and some days pass there. Returns the new paid-until. */
  async function renew(stripeId: string): Promise<Date> {
    await emulator.advance(33 * day);
    return (await gateway.readSubscription(stripeId)).paidUntil!;
  }

  const everywhere = (paidUntil: Date, revision: number) => ({
    ...{ record: paidUntil, licence: paidUntil, renewsAt: paidUntil, revision },
  });

  test('renews: payment events move paid-until everywhere, once, although they arrive twice and in any order', async () => {
    await delivered(async ({ payment, paidUntil, said: shownPaidUntil }) => {
      await emulator.control('POST', 'faults', { webhooks: { duplicate: true, reorder: true } });
      const renewed = await renew(payment.subscriptionId);
      expect(renewed.getTime()).toBeGreaterThan(paidUntil.getTime());
      await until(async () => (await shownPaidUntil()).renewsAt?.getTime() === renewed.getTime(), { limitMs: 30_000 });
      expect(await shownPaidUntil()).toEqual(everywhere(renewed, 2));
    });
  }, 90_000);

  test('renews without an event: its workflow reads Stripe shortly after the end of the period', async () => {
    await delivered(async ({ environment, payment, paidUntil, subscription, said: shownPaidUntil }) => {
      await emulator.control('POST', 'faults', { webhooks: { drop: true } });
      const renewed = await renew(payment.subscriptionId);
      expect((await shownPaidUntil()).record).toEqual(paidUntil);
      await environment.sleep(paidUntil.getTime() - Date.now() + 3 * hour);
      await until(async () => (await shownPaidUntil()).renewsAt?.getTime() === renewed.getTime(), { limitMs: 30_000 });
      expect(await shownPaidUntil()).toEqual(everywhere(renewed, 2));
      expect(await api.store.subscriptions.find(subscription._id)).toMatchObject({
        ...{ status: 'active', paidUntil: renewed, items: [{ lookupKey: 'plan.maker.local.monthly', quantity: 1 }] },
      });
    });
  }, 90_000);

  test('that renews for a server that is gone calls people, and ends when it was cancelled', async () => {
    await delivered(async ({ instanceId, payment, paidUntil, subscription, handle, said: shownPaidUntil }) => {
      await api.store.instances.update(instanceId, { status: 'terminated' });
      await renew(payment.subscriptionId);
      await until(async () => (await handle.describe()).searchAttributes.NeedsAttention?.[0] === true);
      expect((await shownPaidUntil()).record).toEqual(paidUntil);
      await emulator.stripe.subscriptions.cancel(payment.subscriptionId);
      await handle.result();
      expect((await handle.describe()).searchAttributes.NeedsAttention).toEqual([false]);
      // A signal years later starts it again, and it finds nothing to do.
      await workflows.signalSubscription(subscription);
      await handle.result();
      expect((await shownPaidUntil()).revision).toBe(1);
    });
  }, 90_000);
});

describe('the workflow of a subscription', () => {
  const paid = (paidUntil: string, change: Partial<SubscriptionReading> = {}): SubscriptionReading => ({
    subject: { kind: 'licence', id: 'lic_0000000000000000' },
    ...{ status: 'active', paidUntil, gone: false, nextReadMs: 30 * day },
    ...change,
  });
  const january = '2027-01-31T10:00:00.000Z';
  const february = '2027-02-28T10:00:00.000Z';
  const ended = () => paid(february, { status: 'canceled', gone: true });
  const record = { _id: 'sbs_0000000000000000', subject: { kind: 'licence' as const, id: 'lic_0000000000000000' } };

  async function play(
    reads: World['subscription']['reads'],
    then: (running: Running & { world: World; handle: Running['entity'] }) => Promise<void>,
    input: { maxEvents?: number } = {},
  ) {
    const world = createWorld();
    world.subscription.reads = reads;
    await withInstance({ world }, async (running) => {
      const { workflow } = running.environment.client;
      const signal = subscriptionSignal(record);
      await workflow.signalWithStart(subscriptionWorkflowType, { ...signal, args: [{ ...signal.args[0], ...input }] });
      await then({ ...running, world, handle: workflow.getHandle(signal.workflowId) });
    });
  }
  const moves = ({ notes }: World) => notes.filter((note) => note.startsWith('paid-until'));
  const readCount = ({ calls }: World) => calls.filter((call) => call.startsWith('read ')).length;

  test('reads once for the signal that starts it, and once for all that arrive meanwhile', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const world = createWorld();
    world.subscription.reads = [() => paid(january), ended];
    const { readSubscription } = world.activities;
    world.activities.readSubscription = async (id) => {
      await held;
      return readSubscription(id);
    };
    await withInstance({ world }, async ({ environment }) => {
      const { workflow } = environment.client;
      const handle = await workflow.signalWithStart(subscriptionWorkflowType, subscriptionSignal(record));
      for (let signal = 0; signal < 5; signal += 1) await handle.signal(subscriptionChanged);
      release();
      await handle.result();
      expect(readCount(world)).toBe(2);
      expect(moves(world)).toHaveLength(1);
    });
  }, 60_000);

  test('sets NeedsAttention when Stripe refuses permanently, and reads again the next day', async () => {
    const reads = [() => throwing('payment_request_refused'), () => paid(january), ended];
    await play(reads, async ({ world, handle, environment }) => {
      const attention = async () => (await handle.describe()).searchAttributes.NeedsAttention?.[0];
      await until(async () => (await attention()) === true);
      await environment.sleep(25 * hour);
      await until(async () => (await attention()) === false);
      await handle.signal(subscriptionChanged);
      await handle.result();
      expect(moves(world)).toHaveLength(1);
    });
  }, 60_000);

  test('reads again within two hours while our key is refused', async () => {
    const reads = [() => throwing('payment_access_refused'), () => paid(january), ended];
    await play(reads, async ({ world, handle, environment }) => {
      await until(async () => (await handle.describe()).searchAttributes.NeedsAttention?.[0] === true);
      await environment.sleep(2 * hour);
      await until(() => moves(world).length === 1);
      expect((await handle.describe()).searchAttributes.NeedsAttention?.[0]).toBe(false);
      await handle.signal(subscriptionChanged);
      await handle.result();
    });
  }, 60_000);

  test('fails where its record is gone, instead of reading it for ever', async () => {
    await play([() => throwing('not_found')], async ({ handle }) => {
      await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'not_found' } });
    });
  }, 60_000);

  test('calls people when Stripe ended what pays for a living server', async () => {
    const living = () => paid(january, { status: 'canceled' });
    await play([living], async ({ handle }) => {
      await until(async () => (await handle.describe()).searchAttributes.NeedsAttention?.[0] === true);
      expect((await handle.describe()).status.name).toBe('RUNNING');
    });
  }, 60_000);

  test('is not stopped by a server whose entity has closed', async () => {
    const subject = { kind: 'instance' as const, id: 'i0000000000000000' };
    await play([() => paid(january, { subject }), ended], async ({ handle, world }) => {
      await until(() => moves(world).length === 1);
      await handle.signal(subscriptionChanged);
      await handle.result();
    });
  }, 60_000);

  test('continues as new, and moves nothing twice', async () => {
    const reads = [january, january, january, february].map((at) => () => paid(at, { nextReadMs: hour }));
    await play(
      [...reads, ended],
      async ({ handle, world, environment }) => {
        await environment.sleep(6 * hour);
        await handle.result();
        expect(moves(world)).toHaveLength(2);
        const { raw } = await handle.describe();
        expect(raw.workflowExecutionInfo?.firstRunId).not.toBe(raw.workflowExecutionInfo?.execution?.runId);
      },
      { maxEvents: 15 },
    );
  }, 60_000);

  function throwing(code: ReasonCode): never {
    throw fail(code);
  }
});
