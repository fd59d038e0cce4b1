import type { PerpetualTerms, RenewalPreview, Standing } from '../../protocol/admin.ts';
import type { SeatMode } from '../../protocol/requests.ts';
import type { Features, Limits } from '../../protocol/verdict.ts';
import type { SealedText } from '../keys/sealing.ts';
import type { UpdateWindow } from '../perpetual/fallback.ts';
import type { WithOutbox } from './outbox.ts';

export interface HeldStanding {
  standing: Standing;
  revision: number;
  paidUntil: Date | null;
  endsAt: Date | null;
}

export interface Renewal extends RenewalPreview {
  /** Idempotency key of the call that brought it. */
  key: string;
  at: Date;
}

/** What makes a licence perpetual: the updates that were paid, and the terms on which it was sold. */
export interface PerpetualRight {
  window: UpdateWindow;
  /** One-time price of the licence; the amount is in minor units. */
  price: RenewalPreview['price'];
  terms: PerpetualTerms;
  /** Oldest first. */
  renewals: Renewal[];
}

/** A seat of the ledger: held by an activation or, as often as it has seats, by an offline file under the file's id. */
export interface Seat {
  activationId: string;
  mode: SeatMode;
  /** Until when an offline file holds it, and for which cluster or machine. */
  offline?: { until: Date; bound: string };
}

/**
 * The right to run a product, with the ledger of its seats inside: a seat is won and given back by one conditional
 * update of this document, so there is no counter that could drift.
 */
export interface Licence extends WithOutbox {
  _id: string;
  product: string;
  plan: string;
  kind: 'subscription' | 'perpetual';
  /** Null or absent for a subscription. */
  perpetual?: PerpetualRight | null;
  externalRef: string;
  /** Whose it is in the licence portal; null or absent = nobody's. */
  account?: string | null;
  /** Key of the call that issued it, and the hash of that call's body. */
  idempotencyKey: string;
  requestHash: string;
  keyHash: string;
  keyLast4: string;
  keyGeneration: number;
  /** The key itself, sealed, where the plan lets the portal show it again. */
  sealedKey?: SealedText | null;
  /** Idempotency key of the call that rotated the key last. */
  keyRotatedBy?: string | null;
  standing: HeldStanding;
  /** An operator's own stop, whatever the standing is; lifted only by an operator. */
  suspended?: { at: Date; reason: string } | null;
  revokedAt: Date | null;
  revokedReason: string | null;
  entitlementsRevision: number;
  /** What nodes are told as their revision. */
  planRev: number;
  /** Revision of the plan's data that planRev already counts. */
  planDataRevision: number;
  addOns: Record<string, number>;
  limits: Limits;
  features: Features;
  seatLimits: Record<SeatMode, number>;
  /** In the order in which they were won; a takeover keeps the place. */
  seats: Seat[];
  /** A change of seats whose money is being moved; no other one begins meanwhile. */
  seatChange?: SeatChange | null;
  /** Idempotency keys of the last changes of seats, newest last. */
  seatChangesDone?: string[];
  /** What was told of the end that is set; absent = nothing yet. */
  endTold?: 'soon' | 'ended' | null;
  /** Last day (UTC) of the updates of a perpetual licence, and the one that was told as near. */
  updatesEnd?: string | null;
  updatesEndTold?: string | null;
  /** The cluster that the running nodes are of, where the plan allows only one; counts while one holds a seat online. */
  clusterId?: string | null;
  /** Until when the licence was paid when its entitlements were last changed; absent when they never were. */
  changedAt?: { paidUntil: Date | null } | null;
  createdAt: Date;
}

export interface SeatChange {
  /** Idempotency key of the call that began it. */
  key: string;
  from: number;
  to: number;
  /** What the member agreed to pay now, in minor units; negative = comes back. */
  dueNow: { amount: number; currency: string };
  actor: string;
  at: Date;
}
