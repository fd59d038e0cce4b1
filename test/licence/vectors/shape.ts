import type { LicenceKeys } from '../../../src/licence/protocol/verdict.ts';

/** The content of `docs/licence-protocol/vectors.json`. */
export interface Vectors {
  about: string;
  issuer: string;
  product: string;
  /** The whole keys file of the server (LICENCE_KEYS), public on purpose. */
  serverKeys: ServerKeysFile;
  /** The same server after its signing key was rolled. */
  serverKeysAfterRoll: ServerKeysFile;
  /** What a client knows from its installation: the answer of the call `keys`. */
  jwks: LicenceKeys;
  licences: Record<string, { licenseId: string; licenseKey: string }>;
  enrollmentTokens: Record<string, string>;
  licenceKeys: { text: string; normalised: string | null }[];
  calls: Call[];
  verdicts: VerdictVector[];
  offlineFiles: OfflineFileVector[];
  retryDelays: RetryDelay[];
  clocks: ClockVector[];
  restarts: RestartVector[];
  trust: TrustVector[];
}

/** Which keys count for a client with these keys of the installation and this document of the server. */
export interface TrustVector {
  about: string;
  installed: LicenceKeys | null;
  learned: LicenceKeys;
  /** kids, sorted. */
  trusted: string[];
}

export interface ServerKeysFile {
  version: 1;
  signing: {
    kid: string;
    state: 'current' | 'next' | 'retired';
    jwk: { kty: string; crv: string; x: string; d: string };
    publishedAt: string;
  }[];
  rotation: { current: string; keys: Record<string, string> };
  sealing: { current: string; keys: Record<string, string> };
  enrolment: string;
  licenceKey: string;
  pepper: string;
  endorsements: string[];
  revocations: string[];
}

/** One request and its answer, in the order in which they were made. */
export interface Call {
  id: string;
  about: string;
  /** Server time. */
  at: string;
  request: { method: string; path: string; body?: Record<string, unknown> };
  answer: { status: number; headers: Record<string, string>; body?: Record<string, unknown> };
}

/** Why a client must not accept a verdict. */
export type Fault =
  | 'SHAPE'
  | 'ALGORITHM'
  | 'KEY'
  | 'SIGNATURE'
  | 'TYPE'
  | 'ISSUER'
  | 'AUDIENCE'
  | 'CLAIMS'
  | 'EXPIRED'
  | 'REPLAYED'
  | 'REFUSAL'
  | 'NO_REFUSAL';

export interface VerdictVector {
  id: string;
  about: string;
  jws: string;
  /** Decoded, if the verdict is good. */
  header?: unknown;
  payload?: unknown;
  signature?: string;
  /** Its source: `license` of an answer, `verdict` of a problem, or the node's own state. */
  from: 'answer' | 'problem' | 'state';
  /** The client's request; null for a verdict from the state. */
  asked: { activationId: string; requestId: string; nonce: string } | null;
  /** The client's clock, ms since the epoch. */
  now: number;
  outcome: 'accept' | 'lock' | 'refuse';
  fault?: Fault;
}

/** Why a client must not accept a licence file. */
export type OfflineFault =
  | 'SHAPE'
  | 'ALGORITHM'
  | 'KEY'
  | 'SIGNATURE'
  | 'TYPE'
  | 'CLAIMS'
  | 'ISSUER'
  | 'PRODUCT'
  | 'CLUSTER'
  | 'MACHINE'
  | 'MODE'
  | 'VERSION'
  | 'LIFE';

/** What a node that never read a file or a verdict before makes of a licence file, with the keys `jwks`. */
export interface OfflineFileVector {
  id: string;
  about: string;
  /** The whole content of the `.lic` file. */
  file: string;
  /** Decoded, if the server issued it. */
  header?: unknown;
  payload?: unknown;
  signature?: string;
  node: { version: string; mode: 'production' | 'development'; clusterId?: string; fingerprint?: string };
  /** The node's clock, ms since the epoch. */
  now: number;
  /** The code that the node reports; null if the file counts. */
  code: 'OFFLINE_FILE_REFUSED' | 'OFFLINE_FILE_EXPIRED' | 'CLOCK_ROLLBACK' | null;
  /** With OFFLINE_FILE_REFUSED. */
  fault?: OfflineFault;
}

/** Bounds of the delay after so many failures in a row, ms. */
export interface RetryDelay {
  failures: number;
  firstMs: number;
  maxMs: number;
  intervalMs: number;
  retryAfterMs: number;
  least: number;
  most: number;
}

/**
 * What a client reports for a good verdict at a moment at which the last attempt failed. Times in ms, iat and exp in s.
 */
export interface ClockVector {
  about: string;
  verdict: { iat: number; exp: number };
  anchor: { server: number; local: number; monotonic: number };
  at: { now: number; monotonic: number };
  serverTime: number;
  state: string;
  notice: string | null;
}

/** The client's values after a restart. */
export interface RestartVector {
  about: string;
  mark: { server: number; local: number };
  now: number;
  server: number;
  rolledBack: boolean;
}
