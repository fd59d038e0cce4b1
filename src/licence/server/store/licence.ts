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
  /** Idempotency key of the call that added it. */
  key: string;
  at: Date;
}

/** The perpetual part of a licence: its paid updates, and the terms it was sold on. */
export interface PerpetualRight {
  window: UpdateWindow;
  /** One-time price of the licence, in minor units. */
  price: RenewalPreview['price'];
  terms: PerpetualTerms;
  /** Oldest first. */
  renewals: Renewal[];
}

/**
 * A seat of the ledger: held by an activation or, once for each of its seats, by an offline file under the file's id.
 */
export interface Seat {
  activationId: string;
  mode: SeatMode;
  /** Until when an offline file holds it, and for which cluster or machine. */
  offline?: { until: Date; bound: string };
}

/**
 * The right to run a product, with its seat ledger inside: a seat is taken and released by one conditional update of
 * this document, so there is no counter that could drift.
 */
export interface Licence extends WithOutbox {
  _id: string;
  product: string;
  plan: string;
  kind: 'subscription' | 'perpetual';
  /** Null or absent for a subscription. */
  perpetual?: PerpetualRight | null;
  externalRef: string;
  /** The account that owns it in the licence portal; null or absent = none. */
  account?: string | null;
  /** Key of the call that issued it, and the hash of that call's body. */
  idempotencyKey: string;
  requestHash: string;
  keyHash: string;
  keyLast4: string;
  keyGeneration: number;
  /** The key itself, encrypted, if the plan lets the portal show it again. */
  sealedKey?: SealedText | null;
  /** Idempotency keys of the calls that rotated the key, newest last. */
  keyRotatedBy?: string[];
  standing: HeldStanding;
  /** A stop by an operator, whatever the standing; only an operator lifts it. */
  suspended?: { at: Date; reason: string } | null;
  revokedAt: Date | null;
  revokedReason: string | null;
  entitlementsRevision: number;
  /** The revision that nodes see. */
  planRev: number;
  /** Revision of the plan's data that planRev already includes. */
  planDataRevision: number;
  addOns: Record<string, number>;
  limits: Limits;
  features: Features;
  seatLimits: Record<SeatMode, number>;
  /** In the order in which they were taken; a takeover keeps the position. */
  seats: Seat[];
  /** A change of seats that is being paid; no other one can start meanwhile. */
  seatChange?: SeatChange | null;
  /** Idempotency keys of the last changes of seats, newest last. */
  seatChangesDone?: string[];
  /** The event recorded about the current end; absent = none yet. */
  endRecorded?: 'soon' | 'ended' | null;
  /** Last day (UTC) of the updates of a perpetual licence, and the one already announced as near. */
  updatesEnd?: string | null;
  updatesEndRecorded?: string | null;
  /** The cluster of the running nodes, if the plan allows only one; valid while one holds a seat online. */
  clusterId?: string | null;
  /** The paid-until date when its entitlements last changed; absent if they never did. */
  changedAt?: { paidUntil: Date | null } | null;
  createdAt: Date;
}

export interface SeatChange {
  /** Idempotency key of the call that started it. */
  key: string;
  from: number;
  to: number;
  /** The amount due now that the member agreed to, in minor units; negative = refund. */
  dueNow: { amount: number; currency: string };
  actor: string;
  at: Date;
}
