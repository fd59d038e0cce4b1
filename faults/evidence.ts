import type { OperationStatus, OrderState } from '../src/contracts/states.ts';

/**
 * The data of all systems after a campaign, as plain values: input of the invariants. Amounts in minor units.
 * Everything except `orders`, `operations` and `holds` comes from the systems around the product, never from its own
 * records.
 */
export interface Evidence {
  /** Every order in the records. */
  orders: OrderFact[];
  /** What the customers know about the orders they placed. */
  customers: CustomerFact[];
  stripe: {
    subscriptions: { id: string; status: string; orderId: string | null }[];
    invoices: { id: string; status: string | null; subscriptionId: string | null }[];
    /** Successful payments; `orderId` is null if no order can be found for it. */
    charges: { id: string; orderId: string | null; amount: number; refunded: number }[];
  };
  cloud: { kind: string; name: string; instanceId: string | null; pid: number | null }[];
  /** Instances whose host answered as itself at its hostname, through the edge router. */
  answering: string[];
  stacks: string[];
  /** Lock files of the engine. */
  engineLocks: string[];
  leases: { stack: string; owner: string | null }[];
  licences: { id: string; instanceId: string; usable: boolean; activeNodes: number }[];
  mails: { messageId: string; to: string[] }[];
  outbox: { messageId: string; status: string }[];
  holds: { name: string; holder: string; holderId: string; ended: boolean }[];
  /** Hostnames of orders that the API offers again. */
  freeNames: string[];
  operations: { id: string; instanceId: string; status: OperationStatus }[];
  /** Numbers of each instance's timeline, in order. */
  timelines: { instanceId: string; sequences: number[] }[];
  /** `instanceId` as the search attribute says it. */
  workflows: { id: string; status: string; instanceId?: string | undefined }[];
  processes: ProcessFact[];
  /** Logs, workflow histories and states of stacks, as text. */
  texts: { where: string; text: string }[];
  /** Secrets that none of them may contain. */
  secrets: { what: string; value: string }[];
}

export interface OrderFact {
  id: string;
  instanceId: string;
  instanceStatus: string | null;
  name: string;
  hostname: string;
  state: OrderState;
  total: number;
  adminEmail: string;
  billingEmail: string;
}

export interface CustomerFact {
  orderId: string;
  /** Whether it ended while the campaign watched. */
  settled: boolean;
  /** Sequence numbers of the events in the order in which the live stream delivered them. */
  streamed: number[];
}

/** A process that belongs to the platform. `idle-runner`: the one waiting for the next operation. */
export interface ProcessFact {
  pid: number;
  role: 'supervised' | 'host' | 'idle-runner' | 'runner' | 'pulumi' | 'provider' | 'other';
  command: string;
}

/** The extent of the evidence, in words: what was not found cannot be checked. */
export function extentOf({ orders, stripe, cloud, licences, mails, workflows, processes, texts }: Evidence): string {
  const megabytes = texts.reduce((sum, { text }) => sum + text.length, 0) / 1e6;
  return [
    `${orders.length} orders`,
    `${stripe.charges.length} charges`,
    `${stripe.invoices.length} invoices`,
    `${cloud.length} objects at the cloud`,
    `${licences.length} licences`,
    `${mails.length} mails`,
    `${workflows.length} workflows`,
    `${processes.length} processes`,
    `${texts.length} logs, histories and states (${megabytes.toFixed(1)} MB)`,
  ].join(', ');
}

export const fulfilled = ({ orders }: Pick<Evidence, 'orders'>) => orders.filter(({ state }) => state === 'fulfilled');
export const unfulfilled = ({ orders }: Pick<Evidence, 'orders'>) =>
  orders.filter(({ state }) => state !== 'fulfilled');

/** The delivered instances. */
export const delivered = (evidence: Pick<Evidence, 'orders'>) =>
  new Set(fulfilled(evidence).map(({ instanceId }) => instanceId));
