import { z } from 'zod';
import { exactlyOneOf } from './exactly-one-of.ts';
import { printableText } from './printable.ts';
import { Name } from './verdict.ts';

/** Bodies of the public calls, as printed on the wire. Unknown members are dropped, so a newer client is understood. */

const text = (max: number) => z.string().min(1).max(max);

/** Id that the client chooses; unguessable where that matters (activationId). */
const ChosenId = z.string().regex(/^[\w-]{8,64}$/);

/** Path member `{id}` of `/v1/instances/{id}/…`. */
export const WireInstanceId = z.string().regex(/^act_[0-9a-hjkmnp-tv-z]{16}$/);

/** The process that holds a seat. `name` and `clusterId` are its identity, the rest is informational. */
export const WireNode = z.object({
  name: printableText(128),
  clusterId: printableText(128).optional(),
  fingerprint: printableText(256).optional(),
  hostname: printableText(253).optional(),
  provider: printableText(64).optional(),
  region: printableText(64).optional(),
});
export type WireNode = z.infer<typeof WireNode>;

const Nonce = z.string().min(8).max(64).optional();
const BootId = printableText(64).optional();
const Secret = z.string().min(16).max(128);
const Product = text(64);
const Version = printableText(64);

export const SeatMode = z.enum(['production', 'development']);
export type SeatMode = z.infer<typeof SeatMode>;

/** POST /v1/activations */
export const ActivationRequest = z.object({
  licenseKey: text(128),
  activationId: ChosenId,
  product: Product,
  version: Version,
  mode: SeatMode.default('production'),
  node: WireNode,
  bootId: BootId,
  nonce: Nonce,
});
export type ActivationRequest = z.infer<typeof ActivationRequest>;

/** POST /v1/enrollments/redeem */
export const RedeemRequest = z.object({
  enrollmentToken: text(128),
  activationId: ChosenId,
  product: Product.optional(),
  version: Version.optional(),
  node: WireNode,
  bootId: BootId,
  nonce: Nonce,
});
export type RedeemRequest = z.infer<typeof RedeemRequest>;

/**
 * POST /v1/instances/{id}/check
 *
 * `requestId` is persisted before it is sent and stays the same until a secret was received for it, whatever was
 * answered in between. `nonce` is new in every attempt.
 */
export const CheckRequest = z.object({
  secret: Secret,
  requestId: ChosenId.optional(),
  bootId: BootId,
  version: Version.optional(),
  /** ISO date; informational. */
  clientTime: z.string().max(40).optional(),
  nonce: Nonce,
  usage: z
    .record(Name, z.int().nonnegative())
    .refine((usage) => Object.keys(usage).length <= 32, 'Send at most 32 counters.')
    .optional(),
});
export type CheckRequest = z.infer<typeof CheckRequest>;

/** POST /v1/instances/{id}/release: `requestId` is that of the last check if no secret was received for it. */
export const ReleaseRequest = z.object({ secret: Secret, requestId: ChosenId.optional(), bootId: BootId });
export type ReleaseRequest = z.infer<typeof ReleaseRequest>;

/** POST /v1/instances/{id}/recover: exactly one of licence key and enrolment token. */
export const RecoverRequest = exactlyOneOf(
  z.object({
    licenseKey: text(128).optional(),
    enrollmentToken: text(128).optional(),
    requestId: ChosenId,
    node: WireNode,
    bootId: BootId,
    nonce: Nonce,
  }),
  'licenseKey',
  'enrollmentToken',
);
export type RecoverRequest = z.infer<typeof RecoverRequest>;

/** POST /v1/licenses/validate */
export const ValidateRequest = z.object({
  licenseKey: text(128),
  product: Product.optional(),
  /** Asks whether a production node may run this version. */
  version: Version.optional(),
  nonce: Nonce,
});
export type ValidateRequest = z.infer<typeof ValidateRequest>;
