import type { AddOnName, Cycle, Features, Limits, PlanName } from '../contracts/catalogue.ts';
import type { MismatchKind, Repair } from '../contracts/fleet.ts';
import type { OrderPayment } from '../contracts/order-payment.ts';
import type { ReasonCode } from '../contracts/reasons.ts';
import type { CloudName, PrivateServerSpec, StackOutputs } from '../contracts/stack.ts';
import type {
  InstanceStatus,
  OperationKind,
  OperationStatus,
  OrderState,
  Standing,
  StepStatus,
} from '../contracts/states.ts';
import type { StepName } from '../contracts/steps.ts';

/** The records as stored in the database. Times are Dates, money is in integer minor units of the currency. */

export interface QuoteLine {
  /** Lookup key of the price at Stripe; absent for items included in the plan at price 0. */
  lookupKey?: string | undefined;
  title: string;
  quantity: number;
  unitAmount: number;
  amount: number;
  tax: number;
}

/** What a quote promises; covered by its signature. */
export interface QuoteContent {
  id: string;
  catalogueVersion: string;
  plan: PlanName;
  cycle: Cycle;
  cloud: CloudName;
  region: string;
  zone: string;
  name: string;
  hostname: string;
  nodes: 1 | 3;
  addOns: Partial<Record<AddOnName, number>>;
  lines: QuoteLine[];
  currency: 'EUR';
  net: number;
  tax: { country: string; basisPoints: number; name: string; amount: number };
  total: number;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

export interface QuoteRecord {
  _id: string;
  content: QuoteContent;
  signature: string;
  holdTokenHash: string;
  createdAt: Date;
  expiresAt: Date;
}

export interface BillingDetails {
  name: string;
  line1?: string | undefined;
  city?: string | undefined;
  postalCode?: string | undefined;
  country: string;
}

export interface OrderRecord {
  _id: string;
  quoteId: string;
  /** The Idempotency-Key within the account or the guest's hold token, and the hash of the request body. */
  idempotencyScope: string;
  idempotencyKey: string;
  bodyHash: string;
  accountId: string;
  instanceId: string;
  operationId: string;
  capabilityHash: string;
  state: OrderState;
  reason?: ReasonCode | undefined;
  quote: QuoteContent;
  paymentMethod: 'card';
  adminEmail: string;
  billingEmail: string;
  billing: BillingDetails;
  payment?: OrderPayment | undefined;
  declines: number;
  /** Stripe's amounts for this order: minor units paid and refunded. */
  paid: number;
  refunded: number;
  /** When the workflow was known to run; the start sweep looks for rows without it. */
  startedAt?: Date | undefined;
  createdAt: Date;
  endedAt?: Date | undefined;
  /** When Stripe is next asked whether this order, which ended without delivery, received or kept money. */
  moneyLookAt?: Date | undefined;
}

export interface InstanceRecord {
  _id: string;
  accountId: string;
  orderId: string;
  name: string;
  hostname: string;
  cloud: CloudName;
  region: string;
  zone: string;
  /** Zones of the region without capacity while the server was built, in this round of attempts. */
  zonesTried?: string[] | undefined;
  plan: PlanName;
  cycle: Cycle;
  addOns: Partial<Record<AddOnName, number>>;
  limits: Limits;
  features: Features;
  size: string;
  diskGib: number;
  image: string;
  adminEmail: string;
  /** The spec of its stack since its first change; before that it follows from the other fields. */
  appliedSpec?: Pick<PrivateServerSpec, 'nodes' | 'hostnames' | 'diskGib' | 'tags'> | undefined;
  status: InstanceStatus;
  standing: Standing | null;
  standingRevision: number;
  licenceId?: string | undefined;
  outputs?: StackOutputs | undefined;
  paidUntil?: Date | undefined;
  createdAt: Date;
  readyAt?: Date | undefined;
}

export interface OperationStep {
  step: StepName;
  status: StepStatus;
  attempt: number;
  startedAt?: Date | undefined;
  endedAt?: Date | undefined;
  reason?: ReasonCode | undefined;
  detail?: string | undefined;
  /** Completed fraction at this event, 0 to 1, if known. */
  progress?: number | undefined;
}

export interface OperationRecord {
  _id: string;
  instanceId: string;
  orderId: string;
  accountId: string;
  kind: OperationKind;
  status: OperationStatus;
  reason?: ReasonCode | undefined;
  steps: OperationStep[];
  createdAt: Date;
  endedAt?: Date | undefined;
}

/** A mismatch between systems that has to be repaired. */
export interface TicketRecord {
  _id: string;
  kind: MismatchKind;
  subject: string;
  orderId?: string | undefined;
  instanceId?: string | undefined;
  cloud?: CloudName | undefined;
  /** The automatic repair; null if an operator decides. */
  repair: Repair | null;
  openedAt: Date;
  /** Start of the latest pass that saw the mismatch. */
  seenAt: Date;
  /** Time of the last automatic repair, and how many there were. */
  repairedAt: Date | null;
  repairs: number;
  closedAt: Date | null;
  /**
   * Who closed it; null if the mismatch disappeared. A ticket closed by a person stays closed until its mismatch
   * disappears.
   */
  closedBy: string | null;
}

export interface AuditEntry {
  at: Date;
  /** `member:<id>`, `operator:<name>`, `guest:<order id>` or `system`. */
  actor: string;
  action: string;
  subject: string;
  before?: unknown;
  after?: unknown;
  requestId?: string | undefined;
  why?: string | undefined;
}
