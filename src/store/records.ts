import type { AddOnName, Cycle, Features, Limits, PlanName } from '../contracts/catalogue.ts';
import type { AppliedServer, DesiredServer } from '../contracts/desired-server.ts';
import type { MismatchKind, Repair } from '../contracts/fleet.ts';
import type { NewIncident } from '../contracts/incidents.ts';
import type { OperationKind } from '../contracts/operations/registry.ts';
import type { OrderInvoice, OrderPayment } from '../contracts/order-payment.ts';
import type { ReasonCode } from '../contracts/reasons.ts';
import type { CloudName, StackOutputs } from '../contracts/stack.ts';
import type { InstanceStatus, OperationStatus, OrderState, Standing, StepStatus } from '../contracts/states.ts';
import type { StepName } from '../contracts/steps.ts';
import type { SubscriptionStatus, SubscriptionSubject } from '../contracts/subscription.ts';
import type { AddressCorrection } from '../domain/billing/address-correction.ts';

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

/**
 * A new server. The order delivers exactly this, whatever the catalogue contains later: nothing of it is computed
 * again.
 */
export interface QuotedServer {
  kind: 'server';
  plan: PlanName;
  cycle: Cycle;
  cloud: CloudName;
  region: string;
  /** The zone of each node. */
  zones: string[];
  name: string;
  hostname: string;
  addOns: Partial<Record<AddOnName, number>>;
  /** Including the add-ons. */
  limits: Limits;
  features: Features;
  /** Machine size as the cloud names it. */
  size: string;
  diskGib: number;
  product: { name: string; version: string };
}

/** A licence without a server. */
export interface QuotedLicence {
  kind: 'licence';
  plan: PlanName;
  cycle: Cycle;
  seats: number;
}

/** Another plan or other add-ons for the subject of a subscription. */
export interface QuotedChange {
  kind: 'change';
  subscriptionId: string;
  plan: PlanName;
  addOns: Partial<Record<AddOnName, number>>;
}

export type QuoteSubject = QuotedServer | QuotedLicence | QuotedChange;

/** The content of a quote: prices and subject, which its signature covers. */
export interface QuoteContent<Subject extends QuoteSubject = QuoteSubject> {
  id: string;
  catalogueVersion: string;
  subject: Subject;
  lines: QuoteLine[];
  currency: 'EUR';
  net: number;
  /** `day`: the UTC day whose rate it is, YYYY-MM-DD. */
  tax: { country: string; basisPoints: number; name: string; day: string; amount: number };
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
  /** Hash of the hold token of its cart: whoever knows the token reaches the order. */
  cartHash: string;
  accountId: string;
  /** The member who placed it; absent where a guest did, who need not be the owner of the address that they gave. */
  memberId?: string | undefined;
  instanceId: string;
  operationId: string;
  capabilityHash: string;
  state: OrderState;
  reason?: ReasonCode | undefined;
  quote: QuoteContent<QuotedServer>;
  paymentMethod: 'card';
  adminEmail: string;
  billingEmail: string;
  /** Wrong addresses that operators replaced, oldest first. */
  corrections?: AddressCorrection[] | undefined;
  /** Since when the billing address is known to be the buyer's: they signed in with it. Absent until then. */
  addressProvenAt?: Date | undefined;
  billing: BillingDetails;
  payment?: OrderPayment | undefined;
  /** Every invoice of this order at Stripe; its renewals are the subscription's. */
  invoiceIds: string[];
  /** Attempts to pay that were declined, refused 3-D Secure challenges among them. */
  declines: number;
  /** The payment methods whose 3-D Secure challenge was seen, and those among them that the buyer refused. */
  challenges?: string[] | undefined;
  refusedChallenges?: string[] | undefined;
  /**
   * Minor units paid and given back for this order, as read from Stripe. `paidOutside` is the part of `paid` that
   * Stripe never had; a person returns it.
   */
  paid: number;
  refunded: number;
  paidOutside?: number | undefined;
  /** When the request that placed it, or a sweep, accepted it; before that it may be removed. */
  acceptedAt?: Date | undefined;
  /** Absent until it is paid. */
  invoice?: OrderInvoice | undefined;
  /** When the workflow was known to run; the start sweep looks for rows without it. */
  startedAt?: Date | undefined;
  createdAt: Date;
  endedAt?: Date | undefined;
  /** When Stripe is next asked whether this order, which ended without delivery, received or kept money. */
  moneyReadAt?: Date | undefined;
}

/** A subscription that is billed by period; it outlives its order. */
export interface SubscriptionRecord {
  _id: string;
  accountId: string;
  /** The order that created it. */
  orderId: string;
  subject: SubscriptionSubject;
  /** Customer and subscription at Stripe. */
  customerId: string;
  stripeId: string;
  items: { lookupKey: string; quantity: number }[];
  cycle: Cycle;
  paymentMethod: 'card';
  status: SubscriptionStatus;
  /** The current period; absent until Stripe was read. */
  period?: { start: Date; end: Date } | undefined;
  paidUntil?: Date | undefined;
  /** When its order was delivered. */
  begunAt?: Date | undefined;
  /** When its workflow is due to be started; absent once it is known to run. */
  startDueAt?: Date | undefined;
  createdAt: Date;
}

/**
 * One private server: what was bought, its desired and its applied state. It outlives its order and does not depend
 * on it.
 */
export interface InstanceRecord {
  _id: string;
  accountId: string;
  orderId: string;
  /** First label of its primary hostname. */
  name: string;
  cloud: CloudName;
  region: string;
  /** Zones of the region that had no capacity while the server was built, in this round of tries. */
  zonesTried?: string[] | undefined;
  plan: PlanName;
  cycle: Cycle;
  addOns: Partial<Record<AddOnName, number>>;
  limits: Limits;
  features: Features;
  /** Production seats of its licence: one per node. */
  seats: number;
  /** Name of the product at the licence server. */
  product: string;
  adminEmail: string;
  desired: DesiredServer;
  /** Absent until the first successful `up` of its stack. */
  applied?: AppliedServer | undefined;
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
  /** Set for the operation that delivers an order. */
  orderId?: string | undefined;
  accountId: string;
  kind: OperationKind;
  status: OperationStatus;
  reason?: ReasonCode | undefined;
  /** The differences that a check of drift found, for operators. */
  found?: string[] | undefined;
  /** The consoles of the server's machines when a step gave up waiting for it, for operators. */
  console?: { at: Date; machines: MachineConsole[] } | undefined;
  steps: OperationStep[];
  createdAt: Date;
  endedAt?: Date | undefined;
}

/** The last lines on the console of a machine, oldest first, without secrets; or why it could not be read. */
export interface MachineConsole {
  /** Id at its cloud. */
  serverId: string;
  lines: string[];
  problem?: string | undefined;
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

/** Something that needs a person. */
export interface IncidentRecord extends NewIncident {
  _id: string;
  /** How often an incident of its kind and subject was opened, with this one. */
  opening: number;
  openedAt: Date;
  /** When operators were told; null until then. */
  toldAt: Date | null;
  closedAt: Date | null;
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
