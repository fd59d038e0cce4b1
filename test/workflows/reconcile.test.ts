import { describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import {
  type FleetSource,
  type Mismatch,
  type Page,
  type PassSettings,
  type ReconcileInput,
  type ReconcileReport,
  reconcileWorkflowType,
} from '../../src/contracts/fleet.ts';
import { controlQueue, provisionQueue, type StrayPayment } from '../../src/contracts/workflow-messages.ts';
import type { Fate, ObjectFacts, OrderFacts } from '../../src/domain/reconcile.ts';
import { startTimeSkipping, workflowBundle } from '../support/temporal.ts';

const settings: PassSettings = { at: 1_000_000_000, settlingMs: 600_000, backMs: 1, clouds: ['local'], pageSize: 2 };
const id = (number: number) => String(number).padStart(16, '0');
const orderOf = (number: number) => `ord_${id(number)}`;
const instanceOf = (number: number) => `i${id(number)}`;

/** A delivered order (even numbers) or an undone one. */
function order(number: number, change: Partial<OrderFacts> = {}): OrderFacts {
  const isDelivered = number % 2 === 0;
  return {
    orderId: orderOf(number),
    instanceId: instanceOf(number),
    state: isDelivered ? 'fulfilled' : 'cancelled',
    total: 100,
    endedAt: 0,
    name: `name${number}`,
    hostname: `name${number}.local.freehold.localhost`,
    cloud: 'local',
    busy: false,
    server: isDelivered
      ? { status: 'ready', readyAt: 0, standing: null, standingRevision: 0, serverIds: [`host-${number}`] }
      : null,
    nameHolder: instanceOf(number),
    ...change,
  };
}

/** Systems in memory that agree, until a test changes what one of them says. */
function createFleet(orders: OrderFacts[]) {
  const calls: string[] = [];
  const noted = new Map<string, Mismatch>();
  const leftAloneSeen: string[] = [];
  const closed: FleetSource[][] = [];
  const repaired: string[] = [];
  const strays: StrayPayment[] = [];
  const isDelivered = (orderId: string) => orders.find((each) => each.orderId === orderId)?.state === 'fulfilled';
  const fates: Record<string, Fate> = {};
  for (const { orderId, instanceId, state, busy } of orders) {
    const fate = busy ? 'unsettled' : state === 'fulfilled' ? 'lives' : 'undone';
    fates[orderId] = fate;
    fates[instanceId] = fate;
  }
  const empty = async (): Promise<Page<never>> => ({ items: [], next: null });
  const each = <Value>(ids: string[], value: (id: string) => Value) =>
    Object.fromEntries(ids.map((one) => [one, value(one)]));
  const page = <Item>(items: Item[], after: string): Page<Item> => {
    const start = Number(after || 0);
    const end = start + settings.pageSize;
    return { items: items.slice(start, end), next: end < items.length ? String(end) : null };
  };
  const objects: ObjectFacts[] = [];
  const activities = {
    beginPass: async () => settings,
    readOrders: async (_settings: PassSettings, after: string) => {
      calls.push(`orders after ${after}`);
      return page(orders, after);
    },
    readFates: async (_settings: PassSettings, of: { orderIds: string[]; instanceIds: string[] }) =>
      each([...of.orderIds, ...of.instanceIds], (one) => fates[one] ?? 'unknown'),
    readPayments: async (ids: string[]) =>
      each(ids, (one) => ({
        paid: 100,
        refunded: isDelivered(one) ? 0 : 100,
        unrefunded: [] as string[],
        openInvoices: 0,
        liveSubscriptions: isDelivered(one) ? 1 : 0,
        inFlight: false,
      })),
    readSubscriptions: empty as () => Promise<Page<unknown>>,
    readLicences: async (ids: string[]) =>
      each(ids, (one) => [{ licenceId: `lic_${one}`, standing: 'current', revision: 1 }]),
    readLicenceList: empty as () => Promise<Page<unknown>>,
    readNames: async (names: string[]) => each(names, () => true),
    readHolds: empty as () => Promise<Page<unknown>>,
    readServers: async (_cloud: string, ids: string[]) => each(ids, (one) => [`host-${Number(one.slice(1))}`]),
    readStacks: empty as () => Promise<Page<unknown>>,
    readObjects: async (_cloud: string, _settings: PassSettings, after: string) => page(objects, after),
    readStates: async (ids: string[]) => each(ids, () => [] as string[]),
    noteMismatches: async (_settings: PassSettings, page: { mismatches: Mismatch[]; leftAlone: string[] }) => {
      for (const mismatch of page.mismatches) noted.set(`${mismatch.kind} ${mismatch.subject}`, mismatch);
      leftAloneSeen.push(...page.leftAlone);
      return page.mismatches.filter(({ repair }) => repair !== null);
    },
    noteRepaired: async ({ kind, subject }: Mismatch) => {
      repaired.push(`${kind} ${subject}`);
    },
    closeTickets: async (_settings: PassSettings, answered: FleetSource[]) => {
      closed.push(answered);
      return 0;
    },
    permitRepair: async ({ orderId, subject }: Mismatch) => ({
      allowed: true,
      money: orderId ? { orderId, paymentIntentId: subject } : null,
    }),
    releaseHold: async ({ subject }: Mismatch) => {
      calls.push(`release ${subject}`);
    },
    revokeLeftLicence: async ({ subject }: Mismatch) => {
      calls.push(`revoke ${subject}`);
    },
    removeRemains: async (instanceId: string) => {
      calls.push(`remove ${instanceId}`);
      return true;
    },
    settleStrayPayment: async (stray: StrayPayment) => {
      strays.push(stray);
      return 0;
    },
  };
  return { activities, calls, noted, leftAloneSeen, closed, repaired, strays, objects };
}

async function run(
  fleet: ReturnType<typeof createFleet>,
  input: ReconcileInput = { parts: ['records', 'cloud'], repair: true },
): Promise<ReconcileReport> {
  const environment = await startTimeSkipping();
  const common = { connection: environment.nativeConnection, activities: fleet.activities };
  try {
    const [control, provision] = await Promise.all([
      Worker.create({ ...common, taskQueue: controlQueue, workflowBundle: await workflowBundle() }),
      Worker.create({ ...common, taskQueue: provisionQueue('local') }),
    ]);
    const start = { workflowId: 'fleet/reconcile', taskQueue: controlQueue, args: [input] };
    return await provision.runUntil(
      control.runUntil(() => environment.client.workflow.execute(reconcileWorkflowType, start)),
    );
  } finally {
    await environment.teardown();
  }
}

describe('comparing the fleet', () => {
  test('goes through every page, and finds nothing where all agree', async () => {
    const fleet = createFleet([0, 1, 2, 3, 4].map((number) => order(number)));
    expect(await run(fleet)).toEqual({
      repair: true,
      compared: 5,
      found: 0,
      repaired: 0,
      mismatches: [],
      unread: [],
    });
    expect(fleet.calls).toEqual(['orders after ', 'orders after 2', 'orders after 4']);
    expect(fleet.closed).toHaveLength(1);
    expect(fleet.closed[0]).toHaveLength(11);
  }, 60_000);

  test('a dry run reports and touches nothing', async () => {
    const fleet = createFleet([order(0, { nameHolder: null }), order(1)]);
    fleet.objects.push({ id: 'vol-1', role: 'volume', instanceId: instanceOf(1), createdAt: 0 });
    const report = await run(fleet, { parts: ['records', 'cloud'], repair: false });
    expect(report.mismatches.map(({ kind, repair }) => [kind, repair])).toEqual([
      ['name_not_held', null],
      ['object_left', 'remove_remains'],
    ]);
    expect(report.repaired).toBe(0);
    expect([fleet.noted.size, fleet.closed.length, fleet.repaired.length]).toEqual([0, 0, 0]);
    expect(fleet.calls).toEqual(['orders after ']);
  }, 60_000);

  test('repairs what is safe once everything is compared, each thing once; the rest waits', async () => {
    const fleet = createFleet([order(0), order(1), order(3)]);
    const { activities } = fleet;
    const readPayments = activities.readPayments;
    activities.readPayments = async (ids) => {
      const facts = await readPayments(ids);
      const kept = facts[orderOf(1)];
      if (kept) Object.assign(kept, { unrefunded: ['pi_1'], openInvoices: 1 });
      return facts;
    };
    activities.readHolds = async () => ({
      items: [{ name: 'left', holderId: instanceOf(3), until: null }],
      next: null,
    });
    activities.readLicenceList = async () => ({
      items: [{ licenceId: 'lic_9', externalRef: instanceOf(3), createdAt: 0 }],
      next: null,
    });
    for (const object of ['a', 'b', 'c']) {
      fleet.objects.push({ id: `vol-${object}`, role: 'volume', instanceId: instanceOf(3), createdAt: 0 });
    }
    fleet.objects.push({ id: 'vol-x', role: 'volume', instanceId: instanceOf(77), createdAt: 0 });
    const report = await run(fleet);
    expect(report).toMatchObject({ found: 8, repaired: 7 });
    expect(fleet.noted.size).toBe(8);
    expect(fleet.strays).toEqual([{ orderId: orderOf(1), paymentIntentId: orderOf(1) }]);
    expect(fleet.calls.filter((call) => !call.startsWith('orders'))).toEqual([
      'revoke lic_9',
      'release left',
      `remove ${instanceOf(3)}`,
    ]);
    expect(fleet.repaired).not.toContain('object_left vol-x');
  }, 60_000);

  test('leaves alone what is in motion, and does not repair what an operation may meet', async () => {
    const fleet = createFleet([order(1, { busy: true }), order(3)]);
    fleet.activities.permitRepair = async () => ({ allowed: false, money: null });
    fleet.objects.push({ id: 'vol-1', role: 'volume', instanceId: instanceOf(1), createdAt: 0 });
    fleet.objects.push({ id: 'vol-3', role: 'volume', instanceId: instanceOf(3), createdAt: 0 });
    expect(await run(fleet)).toMatchObject({ found: 1, repaired: 0 });
    expect(new Set(fleet.leftAloneSeen)).toEqual(new Set([orderOf(1), instanceOf(1)]));
    expect(fleet.calls.some((call) => call.startsWith('remove'))).toBe(false);
  }, 60_000);

  test('a system that does not answer is left out, and its tickets are not closed', async () => {
    const fleet = createFleet([order(0, { nameHolder: null }), order(1)]);
    fleet.activities.readPayments = async () => {
      throw ApplicationFailure.create({ type: 'payment_provider_unavailable', message: 'no answer' });
    };
    fleet.activities.readLicenceList = async () => {
      throw ApplicationFailure.create({ type: 'licence_refused', message: 'no', nonRetryable: true });
    };
    const report = await run(fleet);
    expect(report.unread).toEqual(['payments', 'licence list']);
    expect(report.mismatches.map(({ kind }) => kind)).toEqual(['name_not_held']);
    expect(fleet.closed[0]).not.toContain('payments');
    expect(fleet.closed[0]).not.toContain('licence list');
    expect(fleet.closed[0]).toContain('licences');
  }, 60_000);

  test('a repair that fails keeps its ticket open and does not hold up the others', async () => {
    const fleet = createFleet([order(1), order(3)]);
    fleet.activities.removeRemains = async () => {
      throw ApplicationFailure.create({ type: 'cloud_unavailable', message: 'no answer' });
    };
    fleet.objects.push({ id: 'vol-3', role: 'volume', instanceId: instanceOf(3), createdAt: 0 });
    fleet.activities.readHolds = async () => ({
      items: [{ name: 'x', holderId: instanceOf(1), until: null }],
      next: null,
    });
    expect(await run(fleet)).toMatchObject({ found: 2, repaired: 1 });
    expect(fleet.repaired).toEqual(['hold_left x']);
  }, 60_000);
});
