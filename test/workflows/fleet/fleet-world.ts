import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import {
  type FleetSource,
  type Mismatch,
  type Page,
  type PassSettings,
  type ReconcileInput,
  type ReconcileReport,
  reconcileWorkflowType,
} from '../../../src/contracts/fleet.ts';
import { controlQueue, type LatePayment, provisionQueue } from '../../../src/contracts/workflow-messages.ts';
import type { Disposition, ObjectFacts, OrderFacts } from '../../../src/domain/fleet/reconcile.ts';
import { startTimeSkipping, workflowBundle } from '../../support/temporal.ts';

const settings: PassSettings = { at: 1_000_000_000, settlingMs: 600_000, backMs: 1, clouds: ['local'], pageSize: 2 };
const id = (number: number) => String(number).padStart(16, '0');
export const orderOf = (number: number) => `ord_${id(number)}`;
export const instanceOf = (number: number) => `i${id(number)}`;

/** A delivered order (even numbers) or an undone one. */
export function order(number: number, change: Partial<OrderFacts> = {}): OrderFacts {
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

/** Systems in memory that agree, until a test changes one of them. */
export function createFleet(orders: OrderFacts[]) {
  const calls: string[] = [];
  const noted = new Map<string, Mismatch>();
  const leftAloneSeen: string[] = [];
  const closed: FleetSource[][] = [];
  const repaired: string[] = [];
  const latePayments: LatePayment[] = [];
  const isDelivered = (orderId: string) => orders.find((each) => each.orderId === orderId)?.state === 'fulfilled';
  const dispositions: Record<string, Disposition> = {};
  for (const { orderId, instanceId, state, busy } of orders) {
    const disposition = busy ? 'unsettled' : state === 'fulfilled' ? 'lives' : 'undone';
    dispositions[orderId] = disposition;
    dispositions[instanceId] = disposition;
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
    readDispositions: async (_settings: PassSettings, of: { orderIds: string[]; instanceIds: string[] }) =>
      each([...of.orderIds, ...of.instanceIds], (one) => dispositions[one] ?? 'unknown'),
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
    destroyLeftovers: async (instanceId: string) => {
      calls.push(`remove ${instanceId}`);
      return true;
    },
    removeUnowned: async (cloud: string, instanceId: string) => {
      calls.push(`remove unowned ${instanceId} at ${cloud}`);
      return true;
    },
    adoptObjects: async (instanceId: string) => {
      calls.push(`adopt ${instanceId}`);
      return true;
    },
    settleLatePayment: async (latePayment: LatePayment) => {
      latePayments.push(latePayment);
      return 0;
    },
  };
  return { activities, calls, noted, leftAloneSeen, closed, repaired, latePayments, objects };
}

export type Fleet = ReturnType<typeof createFleet>;

export const passWorkflowId = 'fleet/reconcile';

/** Runs the workers of a fleet and one reconcile pass, and then inspects the result while the server still runs. */
export async function compareFleet<Result>(
  { fleet, input, server = startTimeSkipping }: FleetPass,
  inspect: (report: ReconcileReport, environment: TestWorkflowEnvironment) => Promise<Result> | Result,
): Promise<Result> {
  const environment = await server();
  const common = { connection: environment.nativeConnection, activities: fleet.activities };
  try {
    const [control, provision] = await Promise.all([
      Worker.create({ ...common, taskQueue: controlQueue, workflowBundle: await workflowBundle() }),
      Worker.create({ ...common, taskQueue: provisionQueue('local') }),
    ]);
    const start = { workflowId: passWorkflowId, taskQueue: controlQueue, args: [input] };
    const play = async () =>
      inspect(await environment.client.workflow.execute(reconcileWorkflowType, start), environment);
    return await provision.runUntil(control.runUntil(play));
  } finally {
    await environment.teardown();
  }
}

interface FleetPass {
  fleet: Fleet;
  input: ReconcileInput;
  server?: () => Promise<TestWorkflowEnvironment>;
}
