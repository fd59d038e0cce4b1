import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { TrustedProxies } from '../../contracts/trusted-proxies.ts';
import { defaultIssuer } from '../protocol/verdict.ts';

const minutes = (n: number) => n * 60_000;
const days = (n: number) => n * 86_400_000;
const Ms = z.coerce.number().int().nonnegative();
const Count = z.coerce.number().int().positive();

/** Environment of the licence server. Every limit is configuration; the stated values are the defaults. */
const Environment = z.object({
  LICENCE_HOST: z.string().default('127.0.0.1'),
  /** 0 = any free port. */
  LICENCE_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  /** The licence server's own database; it reads no other. */
  LICENCE_MONGODB_URI: z.url(),
  /** Bearer of `/v1/admin`, at least 16 characters; or the path of a file that holds it. */
  LICENCE_ADMIN_TOKEN: z.string().min(16).optional(),
  LICENCE_ADMIN_TOKEN_FILE: z.string().optional(),
  /** Keys as JSON, or the path of the file that holds them and is created (0600) when missing. */
  LICENCE_KEYS: z.string().optional(),
  LICENCE_KEYS_FILE: z.string().optional(),
  /** `iss` of every verdict. */
  LICENCE_ISSUER: z.string().min(1).default(defaultIssuer),
  /**
   * Account service that signs the tokens of `/v1/me`: public keys by URL, by file or as JSON, and the required `iss`.
   * Without them the portal answers 401 to everybody.
   */
  LICENCE_ACCOUNT_JWKS_URL: z.url().or(z.literal('')).optional(),
  LICENCE_ACCOUNT_JWKS_FILE: z.string().optional(),
  LICENCE_ACCOUNT_JWKS: z.string().optional(),
  LICENCE_ACCOUNT_ISSUER: z.string().optional(),
  /** Maximum age of a token, whatever its own expiry. */
  LICENCE_ACCOUNT_TOKEN_MAX_MS: Ms.default(minutes(5)),
  LICENCE_TRUST_PROXY: TrustedProxies.prefault('loopback'),
  /** Requests per address in 10 s, counted per process. */
  LICENCE_REQUESTS_PER_10S: Count.default(200),
  /** Unknown keys, tokens and secrets per address and minute, and how long further failures then get 429. */
  LICENCE_FAILURES_PER_MINUTE: Count.default(10),
  LICENCE_FAILURE_BLOCK_MS: Ms.default(minutes(15)),
  /** Activations of one licence that took a seat per hour, beyond its number of seats. */
  LICENCE_ACTIVATIONS_PER_HOUR: Count.default(20),
  /** Nodes of one licence that an administrator ends per hour; nodes that release their own seat do not count. */
  LICENCE_DEACTIVATIONS_PER_HOUR: Count.default(20),
  LICENCE_CHECKS_PER_MINUTE: Count.default(12),
  LICENCE_CHECK_BURST: Count.default(5),
  LICENCE_RECOVERIES_PER_DAY: Count.default(3),
  /** How often a node name may take over its own seat within the window before it counts as flapping. */
  LICENCE_TAKEOVERS: Count.default(3),
  LICENCE_TAKEOVER_WINDOW_MS: Ms.default(minutes(10)),
  /** How long after the end of `up` an enrolment can be redeemed, and the limit after its issue. */
  LICENCE_ENROLMENT_AFTER_UP_MS: Ms.default(minutes(60)),
  LICENCE_ENROLMENT_MAX_MS: Ms.default(days(7)),
  /** When an activation that was never finished is swept. */
  LICENCE_PENDING_MS: Ms.default(minutes(10)),
  LICENCE_SWEEP_MS: Ms.default(minutes(1)),
  /** How long two threads of one boot may present the same previous secret. */
  LICENCE_SAME_BOOT_MS: Ms.default(5000),
  /** How many processes, by bootId, are given one secret, when a node restarts before it has its answer. */
  LICENCE_BOOTS_PER_SECRET: Count.default(5),
  /** Whether every answer is checked against its declared schema; a mismatch is a 500. */
  LICENCE_CHECK_ANSWERS: z.stringbool().default(false),
  /** How often a process checks for outbox events and due deliveries. */
  LICENCE_RELAY_MS: Count.default(1000),
  /** Whether webhooks may go to private and loopback addresses, and by plain http. */
  LICENCE_WEBHOOK_ALLOW_PRIVATE: z.stringbool().default(false),
  /** Timeout of one attempt, and how long beyond it an attempt without a result blocks the next one. */
  LICENCE_WEBHOOK_TIMEOUT_MS: Count.default(10_000),
  LICENCE_WEBHOOK_CLAIM_MS: Count.default(minutes(1)),
  /** First and maximum delay between two attempts, and the span after which a delivery is given up. */
  LICENCE_WEBHOOK_FIRST_RETRY_MS: Count.default(10_000),
  LICENCE_WEBHOOK_MAX_RETRY_MS: Count.default(minutes(360)),
  LICENCE_WEBHOOK_SPAN_MS: Count.default(days(3)),
  /** How long the previous secret also signs. */
  LICENCE_WEBHOOK_SECRET_OVERLAP_MS: Ms.default(days(1)),
  /** How long events and ended deliveries are kept. */
  LICENCE_EVENTS_KEEP_MS: Count.default(days(30)),
  /** How long before the end of a cancelled licence it is announced. */
  LICENCE_EXPIRING_SOON_MS: Count.default(days(14)),
  /** After how many missed checks a node is reported as silent, and after which part of its grace period as at risk. */
  LICENCE_SILENT_CHECKS: Count.default(3),
  LICENCE_GRACE_RISK_PCT: Count.max(100).default(75),
  /** Where a member assigns a licence to a claiming node; the code is added as `?code=…`. */
  LICENCE_CLAIM_URL: z.url().default('http://localhost:4600/claim'),
  /** How long a claim can be decided and fetched, and how long its node waits between two polls. */
  LICENCE_CLAIM_MS: Count.default(minutes(10)),
  LICENCE_CLAIM_INTERVAL_SEC: Count.default(5),
  /** The longest life of an offline file, and how long before its end it can be renewed. */
  LICENCE_OFFLINE_MAX_DAYS: Count.max(366).default(366),
  LICENCE_OFFLINE_RENEW_MS: Ms.default(days(30)),
  /** How often the keys file is checked for a roll by another process. */
  LICENCE_KEYS_RELOAD_MS: Count.default(10_000),
});

export type Settings = ReturnType<typeof readSettings>;

/** Reads and checks the environment. Throws a ZodError, or an Error that names what is missing; never shows a value. */
export function readSettings(environment: Record<string, string | undefined>) {
  const rest = Environment.parse(environment);
  const { LICENCE_ADMIN_TOKEN, LICENCE_ADMIN_TOKEN_FILE } = rest;
  if (!rest.LICENCE_KEYS && !rest.LICENCE_KEYS_FILE) throw new Error('Set LICENCE_KEYS_FILE or LICENCE_KEYS.');
  const adminToken =
    LICENCE_ADMIN_TOKEN ?? (LICENCE_ADMIN_TOKEN_FILE && readFileSync(LICENCE_ADMIN_TOKEN_FILE, 'utf8').trim());
  if (!adminToken || adminToken.length < 16) {
    throw new Error('Set LICENCE_ADMIN_TOKEN or LICENCE_ADMIN_TOKEN_FILE to at least 16 characters.');
  }
  if (!/^[\x21-\x7e]{16,4096}$/.test(adminToken)) {
    throw new Error('LICENCE_ADMIN_TOKEN or LICENCE_ADMIN_TOKEN_FILE has blanks or other characters than ASCII in it.');
  }
  return {
    host: rest.LICENCE_HOST,
    port: rest.LICENCE_PORT,
    mongoUri: rest.LICENCE_MONGODB_URI,
    adminToken,
    keys: rest.LICENCE_KEYS || undefined,
    keysFile: rest.LICENCE_KEYS_FILE,
    issuer: rest.LICENCE_ISSUER,
    accounts: accountSettings(rest),
    trustProxy: rest.LICENCE_TRUST_PROXY,
    requestsPer10s: rest.LICENCE_REQUESTS_PER_10S,
    failuresPerMinute: rest.LICENCE_FAILURES_PER_MINUTE,
    failureBlockMs: rest.LICENCE_FAILURE_BLOCK_MS,
    activationsPerHour: rest.LICENCE_ACTIVATIONS_PER_HOUR,
    deactivationsPerHour: rest.LICENCE_DEACTIVATIONS_PER_HOUR,
    checksPerMinute: rest.LICENCE_CHECKS_PER_MINUTE,
    checkBurst: rest.LICENCE_CHECK_BURST,
    recoveriesPerDay: rest.LICENCE_RECOVERIES_PER_DAY,
    takeovers: rest.LICENCE_TAKEOVERS,
    takeoverWindowMs: rest.LICENCE_TAKEOVER_WINDOW_MS,
    enrolmentAfterUpMs: rest.LICENCE_ENROLMENT_AFTER_UP_MS,
    enrolmentMaxMs: rest.LICENCE_ENROLMENT_MAX_MS,
    pendingMs: rest.LICENCE_PENDING_MS,
    sweepMs: rest.LICENCE_SWEEP_MS,
    sameBootMs: rest.LICENCE_SAME_BOOT_MS,
    bootsPerSecret: rest.LICENCE_BOOTS_PER_SECRET,
    checkAnswers: rest.LICENCE_CHECK_ANSWERS,
    relayMs: rest.LICENCE_RELAY_MS,
    webhookAllowPrivate: rest.LICENCE_WEBHOOK_ALLOW_PRIVATE,
    webhookTimeoutMs: rest.LICENCE_WEBHOOK_TIMEOUT_MS,
    webhookClaimMs: rest.LICENCE_WEBHOOK_CLAIM_MS,
    webhookFirstRetryMs: rest.LICENCE_WEBHOOK_FIRST_RETRY_MS,
    webhookMaxRetryMs: rest.LICENCE_WEBHOOK_MAX_RETRY_MS,
    webhookSpanMs: rest.LICENCE_WEBHOOK_SPAN_MS,
    webhookSecretOverlapMs: rest.LICENCE_WEBHOOK_SECRET_OVERLAP_MS,
    eventsKeepMs: rest.LICENCE_EVENTS_KEEP_MS,
    expiringSoonMs: rest.LICENCE_EXPIRING_SOON_MS,
    silentChecks: rest.LICENCE_SILENT_CHECKS,
    graceRiskPct: rest.LICENCE_GRACE_RISK_PCT,
    claimUrl: rest.LICENCE_CLAIM_URL,
    claimMs: rest.LICENCE_CLAIM_MS,
    claimIntervalSec: rest.LICENCE_CLAIM_INTERVAL_SEC,
    offlineMaxDays: rest.LICENCE_OFFLINE_MAX_DAYS,
    offlineRenewMs: rest.LICENCE_OFFLINE_RENEW_MS,
    keysReloadMs: rest.LICENCE_KEYS_RELOAD_MS,
  };
}

/** Null if no account service is configured. */
function accountSettings(environment: z.infer<typeof Environment>) {
  const {
    LICENCE_ACCOUNT_JWKS_URL: url,
    LICENCE_ACCOUNT_JWKS_FILE: file,
    LICENCE_ACCOUNT_JWKS: json,
    LICENCE_ACCOUNT_ISSUER: issuer,
    LICENCE_ACCOUNT_TOKEN_MAX_MS: tokenMaxMs,
  } = environment;
  const given = [url, file, json].filter(Boolean);
  if (given.length === 0 && !issuer) return null;
  if (given.length !== 1 || !issuer) {
    throw new Error(
      'Set LICENCE_ACCOUNT_ISSUER and one of LICENCE_ACCOUNT_JWKS_URL, LICENCE_ACCOUNT_JWKS_FILE and LICENCE_ACCOUNT_JWKS.',
    );
  }
  return { url, file, json, issuer, tokenMaxMs };
}
