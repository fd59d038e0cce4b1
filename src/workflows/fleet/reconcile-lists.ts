import type { FleetSource, Page, PassSettings, ReconcileInput } from '../../contracts/fleet.ts';
import { isInstanceId } from '../../contracts/fleet.ts';
import type { CloudName } from '../../contracts/stack.ts';
import {
  type Disposition,
  dispositionOf,
  type HoldFacts,
  type Judged,
  judgeHold,
  judgeLicence,
  judgeObject,
  judgeOrder,
  judgeSettled,
  judgeStack,
  judgeSubscription,
  type ListedLicence,
  type ObjectFacts,
  type OrderFacts,
  type StackFacts,
  type SubscriptionFacts,
} from '../../domain/fleet/reconcile.ts';
import { cloudFleetActivities, fleetActivities } from '../lib/fleet-activities.ts';

/** Reads a source; null when it does not respond. */
export type Answered<Result> = (source: FleetSource, ask: () => Promise<Result>) => Promise<Result | null>;
type Ask = <Result>(source: FleetSource, ask: () => Promise<Result>) => Promise<Result | null>;

/** A list that a pass compares, page by page. */
export interface ReconcileList {
  title: string;
  /** The source of the list, and all sources it is compared with. */
  source: FleetSource;
  sources: readonly FleetSource[];
  read(settings: PassSettings, cursor: string): Promise<Page<unknown>>;
  judge(settings: PassSettings, items: unknown[], ask: Ask): Promise<Judged>;
}

/** The lists of these parts, in the order in which a pass compares them. */
export function listsOf({ parts, orphans = false }: ReconcileInput, clouds: readonly CloudName[]): ReconcileList[] {
  const records = [orders(), subscriptions(), licences(), holds()];
  const [first] = clouds;
  const cloud = first === undefined ? [] : [stacks(first), ...clouds.map((each) => objects(each, orphans))];
  return [...(parts.includes('records') ? records : []), ...(parts.includes('cloud') ? cloud : [])];
}

function reconcileList<Item>(definition: {
  title: string;
  source: FleetSource;
  others?: readonly FleetSource[];
  read(settings: PassSettings, cursor: string): Promise<Page<Item>>;
  judge(settings: PassSettings, items: Item[], ask: Ask): Promise<Judged>;
}): ReconcileList {
  const { title, source, others = [], read, judge } = definition;
  return {
    title,
    source,
    sources: [source, ...others],
    read,
    judge: (settings, items, ask) => judge(settings, items as Item[], ask),
  };
}

function orders(): ReconcileList {
  return reconcileList<OrderFacts>({
    title: 'orders',
    source: 'orders',
    others: ['payments', 'licences', 'names', 'servers'],
    read: fleetActivities().readOrders,
    async judge(settings, items, ask) {
      const settled = items.filter((order) => dispositionOf(order, settings) !== 'unsettled');
      const living = settled.filter((order) => dispositionOf(order, settings) === 'lives');
      const none = <Value>(): Promise<Record<string, Value> | null> => Promise.resolve({});
      const about = <Value>(source: FleetSource, ids: string[], read: () => Promise<Record<string, Value>>) =>
        ids.length === 0 ? none<Value>() : ask(source, read);
      const instanceIds = living.map(({ instanceId }) => instanceId);
      const orderIds = settled.map(({ orderId }) => orderId);
      const hostnames = living.map(({ hostname }) => hostname);
      const [money, held, names, hosts] = await Promise.all([
        about('payments', orderIds, () => fleetActivities().readPayments(orderIds)),
        about('licences', instanceIds, () => fleetActivities().readLicences(instanceIds)),
        about('names', hostnames, () => fleetActivities().readNames(hostnames)),
        Promise.all(
          [...new Set(living.map(({ cloud }) => cloud))].map((cloud) => {
            const ids = living.filter((order) => order.cloud === cloud).map(({ instanceId }) => instanceId);
            return ask('servers', () => cloudFleetActivities(cloud).readServers(cloud, ids));
          }),
        ),
      ]);
      const hostsOf = Object.assign({}, ...hosts) as Record<string, string[]>;
      const mismatches = settled.flatMap((order) => {
        const holdings = {
          money: money?.[order.orderId] ?? null,
          licences: held?.[order.instanceId] ?? null,
          resolves: names?.[order.hostname] ?? null,
          hosts: hostsOf[order.instanceId] ?? null,
        };
        return judgeOrder(order, holdings, settings);
      });
      const inMotion = items.filter((order) => !settled.includes(order));
      const leftAlone = inMotion.flatMap(({ orderId, instanceId }) => [orderId, instanceId]);
      return { mismatches, inMotion: inMotion.length, leftAlone };
    },
  });
}

function subscriptions(): ReconcileList {
  return reconcileList<SubscriptionFacts>({
    title: 'subscriptions at Stripe',
    source: 'subscriptions',
    read: fleetActivities().readSubscriptions,
    async judge(settings, items) {
      const dispositions = await dispositionsOf(settings, { orderIds: items.map(({ orderId }) => orderId) });
      return judgeSettled(items, settings, {
        owner: ({ orderId }) => orderId,
        dispositions,
        judge: judgeSubscription,
      });
    },
  });
}

function licences(): ReconcileList {
  return reconcileList<ListedLicence>({
    title: 'licences',
    source: 'licence list',
    read: fleetActivities().readLicenceList,
    async judge(settings, items) {
      const dispositions = await dispositionsOf(settings, { instanceIds: items.map(({ externalRef }) => externalRef) });
      return judgeSettled(items, settings, {
        owner: ({ externalRef }) => externalRef,
        changedAt: ({ createdAt }) => createdAt,
        dispositions,
        judge: judgeLicence,
      });
    },
  });
}

function holds(): ReconcileList {
  return reconcileList<HoldFacts>({
    title: 'names',
    source: 'holds',
    read: fleetActivities().readHolds,
    async judge(settings, items) {
      const holders = items.map(({ holderId }) => holderId);
      const dispositions = await dispositionsOf(settings, {
        instanceIds: holders.filter(isInstanceId),
        orderIds: holders.filter((id) => !isInstanceId(id)),
      });
      return judgeSettled(items, settings, { owner: ({ holderId }) => holderId, dispositions, judge: judgeHold });
    },
  });
}

/** All clouds share the state backend, so any provision worker can list it. */
function stacks(anyCloud: CloudName): ReconcileList {
  return reconcileList<StackFacts>({
    title: 'stacks',
    source: 'stacks',
    read: cloudFleetActivities(anyCloud).readStacks,
    async judge(settings, items) {
      const dispositions = await dispositionsOf(settings, { instanceIds: items.map(({ instanceId }) => instanceId) });
      return judgeSettled(items, settings, {
        owner: ({ instanceId }) => instanceId,
        changedAt: ({ changedAt }) => changedAt,
        dispositions,
        judge: judgeStack,
      });
    },
  });
}

function objects(cloud: CloudName, orphans: boolean): ReconcileList {
  return reconcileList<ObjectFacts>({
    title: `objects at ${cloud}`,
    source: 'objects',
    others: ['states'],
    read: (settings, cursor) => cloudFleetActivities(cloud).readObjects(cloud, settings, cursor),
    async judge(settings, items, ask) {
      const owners = [...new Set(items.map(({ instanceId }) => instanceId))];
      const dispositions = await dispositionsOf(settings, { instanceIds: owners });
      const owned = owners.filter((id) => dispositions[id] === 'lives' || (orphans && dispositions[id] === 'unknown'));
      const states = owned.length === 0 ? {} : await ask('states', () => cloudFleetActivities(cloud).readStates(owned));
      const withData = new Set(items.flatMap(({ role, instanceId }) => (role === 'volume' ? instanceId : [])));
      return judgeSettled(items, settings, {
        owner: ({ instanceId }) => instanceId,
        changedAt: ({ createdAt }) => createdAt,
        dispositions,
        judge(object, disposition) {
          const { instanceId, id } = object;
          const managed = states?.[instanceId]?.includes(id) ?? null;
          return judgeObject(object, { cloud, disposition, managed, withVolume: withData.has(instanceId), orphans });
        },
      });
    },
  });
}

async function dispositionsOf(
  settings: PassSettings,
  { orderIds = [], instanceIds = [] }: { orderIds?: string[]; instanceIds?: string[] },
): Promise<Record<string, Disposition>> {
  if (orderIds.length + instanceIds.length === 0) return {};
  return fleetActivities().readDispositions(settings, {
    orderIds: [...new Set(orderIds)],
    instanceIds: [...new Set(instanceIds)],
  });
}
