import { z } from 'zod';
import { AccountRef } from './account.ts';
import { printableText } from './printable.ts';
import { SeatMode } from './requests.ts';
import { Enforcement, Features, LicenceStatus, Limits, Name } from './verdict.ts';

/**
 * Bodies and answers of `/v1/admin`, the internal calls of the control plane (bearer LICENCE_ADMIN_TOKEN). Strict:
 * unknown members are refused. Dates are ISO strings, durations seconds.
 */

export const ReleaseVersion = z.string().regex(/^[0-9A-Za-z][0-9A-Za-z.+-]{0,63}$/);

const Seconds = z
  .int()
  .positive()
  .max(366 * 86_400);
const When = z.iso
  .datetime({ offset: true })
  .refine((text) => Date.parse(text) < Date.UTC(2300, 0), 'This must be before the year 2300.');

/** PUT /v1/admin/products/{product} */
export const ProductData = z.strictObject({ name: printableText(128) });
export type ProductData = z.infer<typeof ProductData>;

export const ProductView = ProductData.extend({ product: Name });

/**
 * How perpetual licences of a plan are sold. Each licence keeps the terms of the day it was issued, so a later change
 * of the plan takes nothing from existing buyers.
 */
export const PerpetualTerms = z.strictObject({
  /** Whether all of X.Y.Z may run if the first release of X.Y was released inside the update window. */
  wholeLine: z.boolean().default(false),
  /** Whether a late renewal continues from the end of the updates, or begins on the day it is bought. */
  renewalBasis: z.enum(['FROM_EXPIRY', 'FROM_NOW_IF_EXPIRED']).default('FROM_EXPIRY'),
  /** Price of another year of updates, in hundredths of a percent of the licence's price. */
  renewalBasisPoints: z.int().min(0).max(10_000).default(4_000),
  /** Whether development nodes may run versions that are not registered. */
  unknownReleases: z.enum(['deny', 'allow-dev']).default('deny'),
});
export type PerpetualTerms = z.infer<typeof PerpetualTerms>;

/** PUT /v1/admin/products/{product}/plans/{plan} */
export const PlanData = z.strictObject({
  name: printableText(128),
  limits: Limits,
  features: Features.default({}),
  /** By add-on code: what one unit adds to which limit. An unlimited or absent limit stays so. */
  addOns: z.record(Name, z.strictObject({ limits: z.record(Name, z.int().positive()) })).default({}),
  /**
   * How long a seat is kept for a node that does not check. Absent, or graceSec and more: strict, no two nodes ever run
   * on one seat, because a verdict never outlives the lease. Shorter: floating, the seat of a dead node is free sooner,
   * and a disconnected node may run beside its successor until its grace period ends.
   */
  leaseSec: Seconds.optional(),
  check: z
    .strictObject({
      intervalSec: Seconds.default(3600),
      graceSec: Seconds.default(86_400),
      jitterPct: z.int().min(0).max(50).default(10),
    })
    .refine(({ intervalSec, graceSec, jitterPct }) => graceSec >= intervalSec * (1 + jitterPct / 100), {
      path: ['graceSec'],
      message: 'This must be at least intervalSec plus jitterPct of it: a node would lock before its next check.',
    })
    .prefault({}),
  enforcement: Enforcement.default('readonly'),
  /** Whether the licence portal can show a key again; absent = `once`: only when it is issued or rotated. */
  keyReveal: z.enum(['once', 'again']).optional(),
  /** What the next renewal does to nodes beyond a lowered number of seats: nothing (absent), or end the newest ones. */
  overLimit: z.enum(['keep', 'end-newest']).optional(),
  /** Whether all running nodes must belong to one cluster; a licence without a running node is bound to none. */
  oneCluster: z.boolean().optional(),
  /** Absent if the plan is sold only as a subscription. */
  perpetual: PerpetualTerms.optional(),
});
export type PlanData = z.infer<typeof PlanData>;

export const PlanView = PlanData.extend({ product: Name, plan: Name, revision: z.int().positive() });

/** GET /v1/admin/products and GET /v1/admin/products/{product}/plans: by code. */
export const ProductList = z.object({ products: z.array(ProductView) });
export const PlanList = z.object({ plans: z.array(PlanView) });

/**
 * PUT /v1/admin/products/{product}/releases/{version}: the day in UTC on which it was released; repeating it corrects
 * the day.
 */
export const ReleaseData = z.strictObject({ releasedOn: z.iso.date() });
export type ReleaseData = z.infer<typeof ReleaseData>;

export const ReleaseView = ReleaseData.extend({ product: Name, version: ReleaseVersion });

/** GET /v1/admin/products/{product}/releases: oldest first. */
export const ReleaseList = z.object({ releases: z.array(ReleaseData.extend({ version: ReleaseVersion })) });

/** The money side as the control plane knows it; `pending` = not paid yet. */
export const Standing = z.enum([
  'pending',
  'current',
  'past_due',
  'restricted',
  'suspended',
  'disputed',
  'refunded',
  'terminated',
]);
export type Standing = z.infer<typeof Standing>;

/** POST /v1/admin/licenses/{id}/standing: applied if its revision is higher than the current one, otherwise ignored. */
export const StandingPush = z.strictObject({
  standing: Standing,
  revision: z.int().nonnegative(),
  /** End of the paid period; shown as periodEnd, ends nothing by itself. */
  paidUntil: When.nullable().default(null),
  /** Set when the licence was cancelled to end then: it is usable until this moment and EXPIRED after it. */
  endsAt: When.nullable().default(null),
});
export type StandingPush = z.infer<typeof StandingPush>;

const Quantities = z.record(Name, z.int().nonnegative().max(1_000_000));
const Seats = z.int().min(0).max(100_000);
/** In one call. */
const mostYears = 10;
const UpdatesFrom = z.iso.date().refine((day) => day < '2200', 'This must be before the year 2200.');
const Years = z.int().min(1).max(mostYears);

/**
 * Header `Operator` of any of these calls: the person behind it, an id or an e-mail address, logged as
 * `operator:<name>`.
 */
export const OperatorName = z.string().regex(/^\w[!-~]{0,253}$/);

/** Header of calls that take effect once however often they are sent. */
export const IdempotencyKey = z.string().regex(/^[\x21-\x7e]{8,200}$/);

/** Minor units of a currency. */
const Price = z.strictObject({
  amount: z.int().nonnegative().max(1_000_000_000_000),
  currency: z.string().regex(/^[A-Z]{3}$/),
});

/** POST /v1/admin/licenses, header `Idempotency-Key`: 201, or 200 with the same licence when repeated. */
export const IssueLicence = z.strictObject({
  product: Name,
  plan: Name,
  /** Production nodes that may run at once. */
  seats: Seats.default(1),
  developmentSeats: Seats.default(0),
  /** The caller's id for it: for the control plane its instance id. */
  externalRef: printableText(128),
  /** Account whose members see it in the licence portal. */
  account: AccountRef.optional(),
  standing: StandingPush,
  addOns: Quantities.default({}),
  /** Values that override those of plan and add-ons. */
  limits: Limits.default({}),
  features: Features.default({}),
  /** Whether the answer contains the licence key. A hosted server never needs it. */
  revealKey: z.boolean().default(false),
  /** Makes it a perpetual licence: first day (UTC) and years of its updates, and its one-time price. */
  perpetual: z.strictObject({ updatesFrom: UpdatesFrom, years: Years.default(1), price: Price }).optional(),
});
export type IssueLicence = z.infer<typeof IssueLicence>;

/** POST /v1/admin/licenses/{id}/entitlements: the whole new entitlements; applied if the revision is higher. */
export const EntitlementsPush = z.strictObject({
  revision: z.int().positive(),
  plan: Name,
  seats: Seats,
  developmentSeats: Seats.default(0),
  addOns: Quantities.default({}),
  limits: Limits.default({}),
  features: Features.default({}),
});
export type EntitlementsPush = z.infer<typeof EntitlementsPush>;

/** POST /v1/admin/licenses/{id}/revoke */
export const RevokeLicence = z.strictObject({ reason: printableText(200) });
export type RevokeLicence = z.infer<typeof RevokeLicence>;

/** POST /v1/admin/licenses/{id}/extend of a perpetual licence: more paid years of updates. */
export const ExtendUpdates = z.strictObject({ years: Years });
export type ExtendUpdates = z.infer<typeof ExtendUpdates>;

/** POST /v1/admin/licenses/{id}/extend of a subscription: it runs at least until then. */
const ExtendTerm = z.strictObject({ until: When });

/** Either of the two; header `Idempotency-Key`. */
export const ExtendLicence = z.xor([ExtendUpdates, ExtendTerm]);

/** POST /v1/admin/licenses/{id}/suspend */
export const SuspendLicence = z.strictObject({ reason: printableText(200) });

/** POST /v1/admin/licenses/{id}/transfer, header `Idempotency-Key`. */
export const TransferLicence = z.strictObject({
  account: AccountRef,
  /** Whether the key, which the previous account knows, is replaced. */
  rotateKey: z.boolean().default(true),
  /** Whether the answer contains a replaced key. */
  revealKey: z.boolean().default(false),
});

/** POST /v1/admin/licenses/{id}/rotate-key, header `Idempotency-Key`. */
export const RotateKey = z.strictObject({ revealKey: z.boolean().default(false) });

/** In a query, where a number comes as text. */
export const YearsInQuery = z.coerce.number().int().min(1).max(mostYears);

/** GET /v1/admin/licenses/{id}/renewal?years=…: what `extend` would add today, and its price. */
export const RenewalPreview = z.object({ years: Years, updatesUntil: z.string(), price: Price });
export type RenewalPreview = z.infer<typeof RenewalPreview>;

export const LicenceId = z.string().regex(/^lic_[0-9a-hjkmnp-tv-z]{16}$/);

/** POST /v1/admin/enrollments: the same three values always give the same token. */
export const IssueEnrolment = z.strictObject({
  licenseId: LicenceId,
  nodeName: printableText(128),
  generation: z.int().nonnegative().max(1_000_000),
});
export type IssueEnrolment = z.infer<typeof IssueEnrolment>;

/** POST /v1/admin/enrollments/up-ended and /close: every enrolment of the licence, or those of one node. */
export const EndEnrolments = z.strictObject({
  licenseId: LicenceId,
  nodeName: printableText(128).optional(),
});
export type EndEnrolments = z.infer<typeof EndEnrolments>;

export const ActivationStatus = z.enum([
  'pending',
  'active',
  'released',
  'expired',
  'replaced',
  'deactivated',
  'reduced',
  'revoked',
]);
export type ActivationStatus = z.infer<typeof ActivationStatus>;

export const ActivationView = z
  .object({
    instanceId: z.string(),
    activationId: z.string(),
    nodeName: z.string(),
    clusterId: z.string().nullable(),
    mode: SeatMode,
    status: ActivationStatus,
    holdsSeat: z.boolean(),
    version: z.string().nullable(),
    activatedAt: z.string().nullable(),
    /** When the first check of this node was answered; null before. */
    firstCheckAt: z.string().nullable(),
    lastCheckAt: z.string().nullable(),
    leaseUntil: z.string().nullable(),
    /** planRev last sent to the node. */
    planRev: z.int().nullable(),
    cloneSuspectedAt: z.string().nullable(),
  })
  .meta({ id: 'ActivationView' });
export type ActivationView = z.infer<typeof ActivationView>;

const PerpetualView = z.object({
  /** Last day of updates in UTC, inclusive. */
  updatesUntil: z.string(),
  /** The newest version that may run for ever; null if none is released yet. */
  newestVersion: z.string().nullable(),
  price: Price,
  terms: PerpetualTerms,
  /** Oldest first. */
  renewals: z.array(RenewalPreview.extend({ at: z.string() })),
});
export type PerpetualView = z.infer<typeof PerpetualView>;

const SeatCount = z.object({ limit: z.int(), used: z.int() });

/** GET /v1/admin/licenses/{id}, and the answer of every call that changes a licence. */
export const LicenceView = z
  .object({
    licenseId: LicenceId,
    /** Only if it was requested. */
    licenseKey: z.string().optional(),
    keyLast4: z.string(),
    product: z.string(),
    plan: z.string(),
    kind: z.enum(['subscription', 'perpetual']),
    externalRef: z.string(),
    account: z.string().nullable(),
    status: LicenceStatus,
    /** A stop by an operator, whatever the standing. */
    suspended: z.object({ at: z.string(), reason: z.string() }).nullable(),
    standing: z.object({
      standing: Standing,
      revision: z.int(),
      paidUntil: z.string().nullable(),
      endsAt: z.string().nullable(),
    }),
    entitlementsRevision: z.int(),
    planRev: z.int(),
    addOns: Quantities,
    limits: Limits,
    features: Features,
    seats: z.object({ production: SeatCount, development: SeatCount }),
    /** Null for a subscription. */
    perpetual: PerpetualView.nullable(),
    createdAt: z.string(),
    revokedAt: z.string().nullable(),
    activations: z.array(ActivationView),
  })
  .meta({ id: 'LicenceView' });
export type LicenceView = z.infer<typeof LicenceView>;

/** GET /v1/admin/licenses?after=…&limit=…: those that are not revoked, by id; `next` null at the end. */
export const LicenceList = z.object({
  licenses: z.array(
    z.object({ licenseId: LicenceId, externalRef: z.string(), status: LicenceStatus, createdAt: z.string() }),
  ),
  next: LicenceId.nullable(),
});
export type LicenceList = z.infer<typeof LicenceList>;

/** GET /v1/admin/licenses?externalRef=…: oldest first. */
export const LicenceLookup = z.object({ licenses: z.array(LicenceView) });

export const EnrolmentAnswer = z.object({
  enrollmentToken: z.string(),
  /** Whether the token can be redeemed now. */
  open: z.boolean(),
  redeemableUntil: z.string(),
  redeemed: z.boolean(),
});
export type EnrolmentAnswer = z.infer<typeof EnrolmentAnswer>;

export const EndEnrolmentsAnswer = z.object({ changed: z.int() });
export type EndEnrolmentsAnswer = z.infer<typeof EndEnrolmentsAnswer>;

export const AuditEntry = z.object({
  at: z.string(),
  actor: z.string(),
  action: z.string(),
  licenseId: z.string().nullable(),
  instanceId: z.string().nullable(),
  requestId: z.string(),
  before: z.unknown(),
  after: z.unknown(),
});
export type AuditEntry = z.infer<typeof AuditEntry>;

export const AuditEntryId = z.string().regex(/^[0-9a-f]{24}$/);

/** GET /v1/admin/audit?licenseId=…&after=…&limit=…: newest last; `next` null at the end. */
export const AuditEntries = z.object({ entries: z.array(AuditEntry), next: AuditEntryId.nullable() });
