import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import type { Ticket } from '../../src/contracts/api/fleet.ts';
import {
  type MismatchKind,
  orphanSweepScheduleId,
  type ReconcileReport,
  reconcileScheduleId,
} from '../../src/contracts/fleet.ts';
import { projectRoot } from '../../src/embedded/processes.ts';
import { newId } from '../../src/runtime/new-id.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { until } from '../support/until.ts';
import { createFaults } from './support/faults.ts';
import { freehold } from './support/freehold.ts';
import { buy, type Purchase } from './support/purchase.ts';
import { shareWorld, timeoutMs, type World } from './support/world.ts';

/** Every kind of mismatch between the systems of one platform, planted from outside. */
const shared = shareWorld({ FREEHOLD_SETTLING_MS: '1', FREEHOLD_MONEY_SWEEP_MS: '3600000' });

let world: World;
let store: Store;
/** Delivered; then its host, record, name, subscription and money are removed. */
let broken: Purchase;
/** Delivered; then its licence is removed. */
let unlicensed: Purchase;
/** Paid and cancelled; leftovers are planted. */
let undone: Purchase;
/** Open: everything of it is still in motion. */
let open: Purchase;

beforeAll(async () => {
  world = shared();
  store = await openStore(world.platform.env.MONGODB_URI!);
  [broken, unlicensed, undone, open] = await Promise.all([buy(world), buy(world), buy(world), buy(world)]);
  await Promise.all([broken, unlicensed, undone].map((purchase) => purchase.pay()));
  await undone.cancel();
  await open.step('await-payment', 'waiting');
  await Promise.all([broken, unlicensed, undone].map((purchase) => purchase.end()));
}, timeoutMs);

afterAll(async () => {
  await store?.close();
});

async function call(
  system: 'stripe' | 'cloud' | 'licence',
  method: string,
  path: string,
  body?: Record<string, unknown> | URLSearchParams,
  // biome-ignore lint/suspicious/noExplicitAny: answers of three systems, of which a test reads an id
): Promise<any> {
  const { urls, keys } = world.platform;
  const tokens = { stripe: 'stripe-secret-key', cloud: 'cloud-token', licence: 'licence-admin-token' } as const;
  const isForm = body instanceof URLSearchParams;
  const answer = await fetch(urls[system] + path, {
    method,
    headers: {
      authorization: `Bearer ${keys[tokens[system]]}`,
      ...(body && !isForm ? { 'content-type': 'application/json' } : {}),
      ...(system === 'licence' && method === 'POST' ? { 'idempotency-key': `planted-${newId.request()}` } : {}),
    },
    ...(body ? { body: isForm ? body : JSON.stringify(body) } : {}),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

const form = (fields: Record<string, string>) => new URLSearchParams(fields);

async function reconcile(...flags: string[]): Promise<ReconcileReport> {
  const { code, out, complaint } = await freehold(world, '--json', 'reconcile', ...flags);
  expect({ code, complaint }).toEqual({ code: 0, complaint: '' });
  return JSON.parse(out);
}

async function tickets(): Promise<Ticket[]> {
  const { out } = await freehold(world, '--json', 'tickets', 'list', '--limit', '200');
  return JSON.parse(out);
}

type Found = { kind: MismatchKind; subject: string };
const keyOf = ({ kind, subject }: Found) => `${kind} ${subject}`;

/** Mismatches that are repaired automatically, and those that need an operator, as `kind subject`. */
const byItself: string[] = [];
const byPeople: string[] = [];

async function plantAtStripe(): Promise<void> {
  // The webhook would otherwise correct it at once.
  await createFaults(world).stripe({ webhooks: { drop: true } });
  const order = await store.orders.find(undone.order.id);
  const { customerId } = order!.payment!;
  const [like] = (await call('stripe', 'GET', `/v1/subscriptions?customer=${customerId}&status=all&limit=1`)).data;
  const subscribe = (orderId: string) =>
    call(
      'stripe',
      'POST',
      '/v1/subscriptions',
      form({
        customer: customerId,
        'items[0][price]': like.items.data[0].price.id,
        payment_behavior: 'default_incomplete',
        'billing_mode[type]': 'flexible',
        'metadata[freehold_order]': orderId,
        'expand[0]': 'latest_invoice.payments',
      }),
    );
  const [unpaid, paid, unknown] = [
    await subscribe(undone.order.id),
    await subscribe(undone.order.id),
    await subscribe(newId.order()),
  ];
  const intent = paid.latest_invoice.payments.data[0].payment.payment_intent;
  await call('stripe', 'POST', `/v1/payment_intents/${intent}/confirm`, form({ payment_method: 'pm_card_visa' }));
  byItself.push(
    `subscription_left ${unpaid.id}`,
    `subscription_left ${paid.id}`,
    `invoice_left ${undone.order.id}`,
    `money_kept ${undone.order.id}`,
  );
  byPeople.push(`subscription_unknown ${unknown.id}`);

  const { paymentIntentId, subscriptionId } = (await store.orders.find(broken.order.id))!.payment!;
  await call('stripe', 'POST', '/v1/refunds', form({ payment_intent: paymentIntentId! }));
  await call('stripe', 'DELETE', `/v1/subscriptions/${subscriptionId}`);
  byPeople.push(`payment_missing ${broken.order.id}`, `subscription_missing ${broken.order.id}`);
}

async function plantLicences(): Promise<void> {
  const of = async (instanceId: string) =>
    (await call('licence', 'GET', `/v1/admin/licenses?externalRef=${instanceId}`)).licenses[0];
  const { licenseId: gone } = await of(unlicensed.order.instanceId);
  await call('licence', 'POST', `/v1/admin/licenses/${gone}/revoke`, { reason: 'behind our back' });
  byPeople.push(`licence_missing ${unlicensed.order.instanceId}`);

  const { licenseId: other } = await of(broken.order.instanceId);
  const standing = { standing: 'past_due', revision: 2 };
  await call('licence', 'POST', `/v1/admin/licenses/${other}/standing`, standing);
  byPeople.push(`licence_standing_differs ${other}`);

  const issue = (externalRef: string) =>
    call('licence', 'POST', '/v1/admin/licenses', {
      product: 'freehold-server',
      plan: 'GROW',
      externalRef,
      standing: { standing: 'current', revision: 1 },
    });
  byItself.push(`licence_left ${(await issue(undone.order.instanceId)).licenseId}`);
  byPeople.push(`licence_left ${(await issue(newId.instance())).licenseId}`);
}

async function plantAtTheCloud(): Promise<void> {
  const make = (kind: string, instanceId: string, what: Record<string, unknown>) => {
    const tags = { 'freehold:instance': instanceId, 'freehold:resource': 'planted' };
    return call('cloud', 'POST', `/v1/${kind}`, {
      name: newId.request().slice(4),
      tags,
      token: newId.request(),
      ...what,
    });
  };
  const { region, desired } = (await store.instances.find(broken.order.instanceId))!;
  const volume = { region, zone: desired.nodes[0]!.zone, sizeGib: 1 };
  const name = `left.${undone.name}.local.freehold.localhost`;
  const { id: record } = await make('records', undone.order.instanceId, { name, address: '127.0.0.1:20999', ttl: 60 });
  byItself.push(
    `object_left ${(await make('volumes', undone.order.instanceId, volume)).id}`,
    `dns_record_left ${record}`,
  );
  byPeople.push(
    `object_left ${(await make('volumes', newId.instance(), volume)).id}`,
    `object_unmanaged ${(await make('volumes', unlicensed.order.instanceId, volume)).id}`,
  );

  const tag = encodeURIComponent(`freehold:instance=${broken.order.instanceId}`);
  for (const kind of ['hosts', 'records']) {
    const [{ id }] = await call('cloud', 'GET', `/v1/${kind}?tag=${tag}`);
    await call('cloud', 'DELETE', `/v1/${kind}/${id}`);
    if (kind === 'hosts') byPeople.push(`host_gone ${id}`);
  }
  byPeople.push(`dns_record_missing ${broken.quote.subject.hostname}`);
}

async function plantRest(): Promise<void> {
  const holds = store.holds.model;
  const name = `left-${undone.name}`;
  const hold = { holder: 'instance' as const, tokenHash: 'planted', until: null };
  await holds.create({ ...hold, _id: name, holderId: undone.order.instanceId });
  await holds.create({ ...hold, _id: `lost-${undone.name}`, holderId: newId.instance() });
  await holds.deleteOne({ _id: broken.name });
  byItself.push(`hold_left ${name}`, `hold_left lost-${undone.name}`);
  byPeople.push(`name_not_held ${broken.name}`);

  const { env, stateDir } = world.platform;
  const stack = `inst-${undone.order.instanceId}`;
  // The CLI leaves the settings of a new stack in the folder of its project.
  const project = mkdtempSync(join(stateDir, 'project-'));
  copyFileSync(join(projectRoot, 'src/stacks/project/Pulumi.yaml'), join(project, 'Pulumi.yaml'));
  await promisify(execFile)(
    join(env.PULUMI_ROOT!, 'bin', 'pulumi'),
    ['stack', 'init', stack, '--no-select', '--non-interactive'],
    { cwd: project, env: { PATH: process.env.PATH, HOME: env.PULUMI_HOME, ...env } },
  );
  byItself.push(`stack_left ${stack}`);
}

describe('the systems of a platform', () => {
  test(
    'agree while nobody meddles with them; an open order is no mismatch',
    async () => {
      expect(await reconcile()).toMatchObject({ repair: false, found: 0, mismatches: [], unread: [] });
      expect(await tickets()).toEqual([]);
    },
    timeoutMs,
  );

  test(
    'are found not to agree where they do not, and a dry run touches nothing',
    async () => {
      await plantAtStripe();
      await plantLicences();
      await plantAtTheCloud();
      await plantRest();
      const report = await reconcile();
      expect(report.unread).toEqual([]);
      const repaired = (mismatches: ReconcileReport['mismatches'], is: boolean) =>
        mismatches.filter(({ repair }) => (repair !== null) === is).map(keyOf);
      expect(repaired(report.mismatches, true).sort()).toEqual([...byItself].sort());
      expect(repaired(report.mismatches, false).sort()).toEqual([...byPeople].sort());
      expect(new Set(report.mismatches.map(({ kind }) => kind)).size).toBe(17);
      expect(await tickets()).toEqual([]);
      expect((await reconcile()).mismatches.map(keyOf).sort()).toEqual(report.mismatches.map(keyOf).sort());
      const text = await freehold(world, 'reconcile');
      expect(text.out).toMatch(/host_gone +The cloud does not have the host/);
      expect(text.out).toMatch(/nothing was changed \(dry run\)/);
    },
    timeoutMs,
  );

  test(
    'get one ticket per mismatch, and what is safe is repaired',
    async () => {
      const report = await reconcile('--repair');
      expect(report).toMatchObject({ found: byItself.length + byPeople.length, repaired: byItself.length });
      const opened = await tickets();
      expect(
        opened
          .filter(({ state }) => state === 'repaired')
          .map(keyOf)
          .sort(),
      ).toEqual([...byItself].sort());
      expect(
        opened
          .filter(({ state }) => state === 'open')
          .map(keyOf)
          .sort(),
      ).toEqual([...byPeople].sort());
      const money = opened.find(({ kind }) => kind === 'money_kept')!;
      expect((await freehold(world, 'tickets', 'show', money.id)).out).toMatch(/system {2}repair/);
    },
    timeoutMs,
  );

  test(
    'agree again after the repairs: the schedules close those tickets, the others stay',
    async () => {
      await until(
        async () => {
          const { live, open: payable, taken, refunded } = await world.outside.money(undone.order.id);
          return live === 0 && payable === 0 && taken === refunded;
        },
        { what: 'the money is settled', limitMs: timeoutMs },
      );
      const connection = await Connection.connect({ address: world.platform.env.TEMPORAL_ADDRESS! });
      try {
        const { schedule } = new Client({ connection });
        for (const id of [reconcileScheduleId, orphanSweepScheduleId]) await schedule.getHandle(id).trigger();
      } finally {
        await connection.close();
      }
      const isOpen = ({ state }: Ticket) => state !== 'closed';
      await until(async () => (await tickets()).filter(isOpen).length === byPeople.length, {
        what: 'the repaired tickets are closed',
        limitMs: timeoutMs,
        everyMs: 1_000,
      });
      const all = await tickets();
      expect(all.filter(isOpen).map(keyOf).sort()).toEqual([...byPeople].sort());
      expect(all).toHaveLength(byItself.length + byPeople.length);
      expect(await world.outside.cloudObjects(undone.order.instanceId)).toEqual([]);
      expect(await world.outside.stacks()).not.toContain(`inst-${undone.order.instanceId}`);
      const licences = await world.outside.licences(undone.order.instanceId);
      expect(licences.filter(({ revokedAt }) => revokedAt === null)).toEqual([]);
    },
    timeoutMs,
  );

  test(
    'and a ticket that an operator closed stays closed',
    async () => {
      const [ticket] = await tickets().then((all) => all.filter(({ kind }) => kind === 'host_gone'));
      const closed = await freehold(world, 'tickets', 'close', ticket!.id, '--why', 'the customer has moved');
      expect(closed).toMatchObject({ code: 0, complaint: '' });
      await reconcile('--repair');
      const shown = await freehold(world, 'tickets', 'show', ticket!.id);
      expect(shown.out).toMatch(/state +closed/);
      expect(shown.out).toContain('close: the customer has moved');
      expect((await freehold(world, 'tickets', 'close', ticket!.id, '--why', 'again')).complaint).toMatch(
        /already_closed/,
      );
    },
    timeoutMs,
  );
});
