import type { LicenceCode } from '../protocol/codes.ts';
import type { SeatMode, WireNode } from '../protocol/requests.ts';
import type { Enforcement, Features, LicenceKeys, Limits, Notice, VerdictClaims } from '../protocol/verdict.ts';

/** The function that sends requests; the global fetch and undici's fit. */
export type LicenceFetch = (url: string, init: RequestInit) => Promise<Response>;

/** Time as the client sees it; tests and campaigns replace it. */
export interface LicenceClock {
  /** Wall clock, ms since the epoch. */
  now(): number;
  /** Monotonic ms; only differences count. */
  monotonic(): number;
  /** Calls back once after `ms`; the returned function cancels it. */
  after(ms: number, callback: () => void): () => void;
}

/**
 * - NONE: no verdict was ever received (not activated yet)
 * - OK: the last check succeeded
 * - GRACE: the server was not reached, the last verdict is still valid
 * - LOCKED: a signed verdict refuses, the grace period or the licence file has ended, or the clock was set back
 */
export type LicenceState = 'NONE' | 'OK' | 'GRACE' | 'LOCKED';

export interface LicenceReason {
  code: LicenceCode;
  num: number;
  /** One sentence for the operator. */
  text: string;
  /** What to do, one sentence. */
  remedy: string;
}

/** What the product asks the client for: plain data, a new object after every change. */
export interface LicenceSnapshot {
  state: LicenceState;
  /** Why the state is not OK, or why nothing was activated yet; null if OK. */
  reason: LicenceReason | null;
  /** What the product should do now: `none` unless LOCKED or NONE. */
  effect: 'none' | Enforcement;
  /** planRev of the last verdict; 0 before the first one. Increases with every change of plan, add-ons or limits. */
  revision: number;
  plan: string | null;
  /** null = unlimited; an absent name is not limited. Empty before the first verdict. */
  limits: Limits;
  features: Features;
  /** From the server and from the client (grace period running out). */
  notices: Notice[];
  /** Wire instanceId. */
  activationId: string | null;
  /** Server time of the last good check, ms since the epoch. */
  lastGoodCheckAt: number | null;
  /** When the node locks if no check succeeds until then, ms since the epoch by the local clock. */
  graceUntil: number | null;
  /** When the next check is due, ms since the epoch by the local clock. */
  nextCheckAt: number | null;
  verdict: VerdictClaims | null;
}

export interface LicenceClientOptions {
  /** For example `https://licence.example.org`; a path is kept. */
  serverUrl: string;
  /** Path of the state file (mode 0600, written atomically). One file per node, never shared or copied. */
  stateFile: string;
  /** Product code; the audience of every verdict. */
  product: string;
  /** Version of the product that runs. */
  version: string;
  /** Kind of the seat; default `production`. An enrolment token always means a production seat. */
  mode?: SeatMode;
  node: WireNode;
  /** Proof for the first activation: token of the host contract, redeemed once. */
  enrollmentToken?: string;
  /** Proof for the first activation when a person installs the product. */
  licenseKey?: string;
  /**
   * The server's published keys at installation. Later keys count only if one of these has endorsed them; licence files
   * are verified with these alone. Without them, the keys that the server publishes count.
   */
  publicKeys?: LicenceKeys;
  /**
   * Path of a licence file (`.lic`) for a node that never reaches the server. While it exists no server is asked; it
   * needs `publicKeys`, and the `clusterId` or `fingerprint` of the node that it is bound to.
   */
  offlineFile?: string;
  /** `iss` that verdicts must carry; default `urn:freehold:licence`. */
  issuer?: string;
  /**
   * The proxy: `environment` (default) follows HTTPS_PROXY, HTTP_PROXY and NO_PROXY; `none` connects directly;
   * otherwise the address of one, `http://user:password@proxy.example:3128` if it needs credentials.
   */
  proxy?: 'environment' | 'none' | (string & {});
  /** Authorities to trust in addition to the system's, PEM: of a private server, or of a proxy that inspects TLS. */
  ca?: string;
  /** Sends every request instead, for a product with its own resolver or agent. */
  fetch?: LicenceFetch;
  /** Timeout of one request in ms; default 10,000. */
  requestTimeoutMs?: number;
  /** First retry after a failed check in ms, doubled up to `retryMaxMs`; default 30,000, never above the interval. */
  retryFirstMs?: number;
  /** Default 600,000. */
  retryMaxMs?: number;
  /** How long `start` waits for another process to release the state file, in ms; default 10,000. */
  lockWaitMs?: number;
  /** Counters sent with each check, by limit name; names that the licence does not limit are not sent. */
  usage?: () => Record<string, number> | Promise<Record<string, number>>;
  /** Receives one record per event; never a key, secret or token. */
  log?: (event: { level: 'info' | 'warn' | 'error'; message: string; detail?: Record<string, unknown> }) => void;
  clock?: LicenceClock;
}

export interface LicenceClient {
  /**
   * Locks the state file and starts to activate or check in the background; resolves before the first answer, so that a
   * node with a cached verdict starts while the server is down. Rejects with LicenceClientError: STATE_IN_USE,
   * STATE_FILE_CORRUPT, STATE_FILE_UNUSABLE.
   */
  start(): Promise<void>;
  /** Ends timers and releases the state file; the seat is kept. */
  stop(): Promise<void>;
  /** Releases the seat for good (decommissioning, not a reboot), then stops. Rejects if the server was not reached. */
  release(): Promise<void>;
  /** Activates or checks now; joins a check that is in flight. Never rejects because of the server. */
  check(): Promise<LicenceSnapshot>;
  /** Recovers the identity of this node after its state was restored from a backup. Resolves like `check`. */
  recover(): Promise<LicenceSnapshot>;
  status(): LicenceSnapshot;
  /** Calls back after every change of the snapshot; the returned function unsubscribes. */
  onChange(listener: (snapshot: LicenceSnapshot) => void): () => void;
  /**
   * Calls back when the licence asks the process to stop (`effect: 'stop'`), after one more check has confirmed it.
   * Once per lock, stored in the state file: a process restarted during the same lock is not asked again and refuses
   * instead, so that no supervisor restarts it for ever. The returned function unsubscribes.
   */
  onStop(listener: () => void): () => void;
}

export type LicenceClientFault =
  | 'INVALID_OPTIONS'
  | 'STATE_IN_USE'
  | 'STATE_FILE_CORRUPT'
  | 'STATE_FILE_UNUSABLE'
  | 'NOT_STARTED'
  | 'RELEASE_FAILED';

/** A fault of this node, not of the licence. */
export class LicenceClientError extends Error {
  readonly code: LicenceClientFault;

  constructor(code: LicenceClientFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LicenceClientError';
    this.code = code;
  }
}
