import { z } from 'zod';
import { exactlyOneOf } from './exactly-one-of.ts';
import { printableText } from './printable.ts';
import { SeatMode } from './requests.ts';
import { Enforcement, Features, Limits, VerdictClaims } from './verdict.ts';

/**
 * Offline files: a licence for nodes that never reach the licence server. A `.lic` file holds one compact JWS, verified
 * with the same public keys as a verdict; surrounding white space is ignored.
 */

/** Header `typ` of an offline file, so that it is never accepted as a verdict; `alg` is EdDSA with Ed25519, too. */
export const offlineFileType = 'lic-offline+jws';

/** Identity of an offline file, `sub` and `jti` of its claims. */
export const OfflineFileId = z.string().regex(/^off_[0-9a-hjkmnp-tv-z]{16}$/);

/**
 * Claims of an offline file. It is valid from `iat` to `exp` (seconds since the epoch, by the node's own clock) and
 * only where its binding fits: on every node of the cluster, or on the one machine.
 *
 * It cannot be taken back once it is handed out: only `exp` ends it.
 */
export const OfflineFileClaims = exactlyOneOf(
  z.object({
    iss: z.string(),
    /** Product. */
    aud: z.string(),
    sub: OfflineFileId,
    jti: OfflineFileId,
    iat: z.int(),
    exp: z.int(),
    /** The cluster whose nodes it covers; exactly one of `cluster` and `fingerprint` is set. */
    cluster: z.string().optional(),
    /** The machine that it covers. */
    fingerprint: z.string().optional(),
    /** How many nodes of this mode may run from it at once. */
    seats: z.int().positive(),
    mode: SeatMode,
    lic: VerdictClaims.shape.lic,
    /** Versions that may run, as registered when it was issued; null for a subscription, which may run any. */
    versions: z.array(z.string()).nullable(),
    limits: Limits,
    features: Features,
    /** What a node does when the file has expired. */
    enforcement: Enforcement,
  }),
  'cluster',
  'fingerprint',
);
export type OfflineFileClaims = z.infer<typeof OfflineFileClaims>;

/** POST /v1/licenses/{id}/offline-files, header `Idempotency-Key`: 201, or 200 with the same file when repeated. */
export const OfflineFileRequest = exactlyOneOf(
  z.strictObject({
    clusterId: printableText(128).optional(),
    fingerprint: printableText(256).optional(),
    /** How long it is valid; less if the licence ends earlier or is paid for less. */
    days: z.int().min(1).max(366),
    /** How many nodes of the cluster may run from it; a machine is one. */
    seats: z.int().min(1).max(1000).default(1),
    mode: SeatMode.default('production'),
  }),
  'clusterId',
  'fingerprint',
).refine(({ fingerprint, seats }) => fingerprint === undefined || seats === 1, {
  path: ['seats'],
  message: 'A machine is one node: a file for a fingerprint has 1 seat.',
});
export type OfflineFileRequest = z.infer<typeof OfflineFileRequest>;

export const OfflineFileView = z.object({
  offlineFileId: OfflineFileId,
  licenseId: z.string(),
  clusterId: z.string().nullable(),
  fingerprint: z.string().nullable(),
  mode: SeatMode,
  /** Seats that are in use until it ends. */
  seats: z.int(),
  /** `replaced`: a newer file of the same cluster or machine holds its seats; it is still valid until it ends. */
  status: z.enum(['issued', 'replaced', 'ended']),
  issuedAt: z.string(),
  issuedBy: z.string(),
  expiresAt: z.string(),
});
export type OfflineFileView = z.infer<typeof OfflineFileView>;

/** With the text of the `.lic` file. */
export const OfflineFileAnswer = OfflineFileView.extend({ file: z.string() });
export type OfflineFileAnswer = z.infer<typeof OfflineFileAnswer>;

/** Newest first. */
export const OfflineFileList = z.object({ offlineFiles: z.array(OfflineFileView) });
export type OfflineFileList = z.infer<typeof OfflineFileList>;
