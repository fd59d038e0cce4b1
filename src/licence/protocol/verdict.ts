import { z } from 'zod';
import { licenceCodeNames } from './codes.ts';

/** Header `typ` of a verdict; `alg` is always EdDSA with Ed25519. */
export const verdictType = 'lic+jws';
export const verdictAlgorithm = 'EdDSA';
/** Issuer (`iss`) unless the configuration names another. */
export const defaultIssuer = 'urn:freehold:licence';

/** What a locked node does: only warns, makes management read-only while the data plane runs, or stops. */
export const Enforcement = z.enum(['warn', 'readonly', 'stop']);
export type Enforcement = z.infer<typeof Enforcement>;

/** Status of a licence, derived from its standing and dates. */
export const LicenceStatus = z.enum(['PENDING', 'ACTIVE', 'SUSPENDED', 'EXPIRED', 'REVOKED']);
export type LicenceStatus = z.infer<typeof LicenceStatus>;

/**
 * Name of a limit, feature, add-on, product or plan. No dots, no leading sign and no name that every object inherits, so
 * it is a safe field name anywhere.
 */
export const Name = z
  .string()
  .regex(
    /^(?!(?:constructor|hasOwnProperty|isPrototypeOf|propertyIsEnumerable|toLocaleString|toString|valueOf)$)[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/,
  );

/** Limits by name; null = unlimited. An absent name is not limited either. */
export const Limits = z.record(Name, z.int().nonnegative().nullable());
export type Limits = z.infer<typeof Limits>;

export const Features = z.record(Name, z.boolean());
export type Features = z.infer<typeof Features>;

/** Information for the operator although nothing is refused. */
export const Notice = z.object({
  code: z.enum([
    'PAST_DUE',
    'RESTRICTED',
    'DISPUTED',
    'ENDS_AT',
    'OVER_LIMIT',
    'QUOTA_EXCEEDED',
    'GRACE_50',
    'GRACE_75',
    'GRACE_90',
  ]),
  text: z.string(),
});
export type Notice = z.infer<typeof Notice>;

/**
 * Claims of a signed verdict.
 *
 * `jti` equals the requestId of the check (the activationId for activation and redeem) and `nonce` the nonce that was
 * sent, so an old answer cannot be replayed. `exp` is the end of the grace period. Times are seconds since the epoch as
 * in every JWT; `periodEnd` is an ISO date. `updatesUntil` is a day in UTC, inclusive, for perpetual licences.
 */
export const VerdictClaims = z.object({
  iss: z.string(),
  /** Product. */
  aud: z.string(),
  /** Wire instanceId: the activation. */
  sub: z.string(),
  jti: z.string(),
  nonce: z.string().optional(),
  iat: z.int(),
  exp: z.int(),
  /** Number of the rotation. */
  seq: z.int().nonnegative(),
  lic: z.object({
    id: z.string(),
    kind: z.enum(['subscription', 'perpetual']),
    status: LicenceStatus,
    plan: z.string(),
    /** Increases with every change of plan, seats, add-ons, limits or features. */
    planRev: z.int().positive(),
    periodEnd: z.string().nullable(),
    updatesUntil: z.string().nullable(),
  }),
  limits: Limits,
  features: Features,
  chk: z.object({
    intervalSec: z.int().positive(),
    graceSec: z.int().positive(),
    jitterPct: z.int().min(0).max(50),
    enforcement: Enforcement,
  }),
  notices: z.array(Notice),
  /** Present when this verdict locks the node. */
  refusal: z
    .object({
      code: z.enum(licenceCodeNames),
      num: z.int(),
      detail: z.string(),
      /** With INSTANCE_NOT_ACTIVE: how the node lost its seat. */
      cause: z.enum(['released', 'expired', 'replaced', 'deactivated', 'reduced', 'revoked']).optional(),
    })
    .optional(),
});
export type VerdictClaims = z.infer<typeof VerdictClaims>;

/**
 * Public keys that verify verdicts: current, next and retired ones. Keys of other types than OKP are ignored. With the
 * signed statements about them (key-statements.ts).
 */
export const LicenceKeys = z.object({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string().optional() })),
  /** Signed by a key about another one: whoever trusts the first may trust the second. */
  endorsements: z.array(z.string()).optional(),
  /** Signed by a key about itself: it is in wrong hands, and nothing that it signed counts. */
  revocations: z.array(z.string()).optional(),
});
export type LicenceKeys = z.infer<typeof LicenceKeys>;
