import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { licenceTokenMaxMs } from './contracts/licence-token.ts';
import { type OperationTimes, operationDurations } from './contracts/operations/registry.ts';
import { CloudName } from './contracts/stack.ts';
import { TrustedProxies } from './contracts/trusted-proxies.ts';

/**
 * Configuration of Freehold's processes: read once at a process's start from the environment, parsed by these schemas.
 * Secrets may be given as `NAME_FILE`, the path of a file that holds the value. All times are ms.
 */

const minutes = (count: number) => count * 60_000;
const hours = (count: number) => minutes(count * 60);
const Port = z.coerce.number().int().min(0).max(65_535);
const Milliseconds = z.coerce.number().int().positive();
const Count = z.coerce.number().int().positive();
const Secret = z.string().min(16);

const CloudList = z
  .string()
  .transform((text) => text.split(',').flatMap((name) => name.trim() || []))
  .pipe(z.array(CloudName));

const TextList = z.string().transform((text) => text.split(',').flatMap((item) => item.trim() || []));
const Addresses = TextList.pipe(z.array(z.email()).min(1));
const Urls = TextList.pipe(z.array(z.url({ protocol: /^https?$/ })));

const Common = z.object({
  /** Connection string of the control plane's own database. */
  MONGODB_URI: z.string(),
  /** Clouds for sale in this installation, comma-separated; a provision worker serves their queues. */
  FREEHOLD_CLOUDS: CloudList.prefault('local'),
  /** Those of them that are simulated; their titles say so everywhere. */
  FREEHOLD_SIMULATED_CLOUDS: CloudList.prefault(''),
});

/** The domain of the hosts and how our clients reach them. */
const Hosting = z.object({
  FREEHOLD_BASE_DOMAIN: z.string().default('freehold.localhost'),
  /** HTTPS port of the hosts; 443 outside the embedded platform. */
  FREEHOLD_HOST_PORT: Port.default(443),
  FREEHOLD_DNS_SERVER: z.string().optional(),
  FREEHOLD_CA_FILE: z.string().optional(),
});

const Stripe = z.object({
  STRIPE_SECRET_KEY: z.string(),
  /** Base address of Stripe's API; Stripe's own when absent. */
  STRIPE_API_BASE: z.url().optional(),
});

/** The hold of an order on its name: taken by the api, or by the control worker if the api could not. */
const Holds = z.object({
  FREEHOLD_HOLD_WITHOUT_ATTEMPT_MS: Milliseconds.default(minutes(30)),
});

/** How operators are told about incidents, by severity; addresses separated by commas. */
const Alerts = z.object({
  FREEHOLD_ALERT_CRITICAL_MAIL: Addresses,
  /** Where warnings and the daily look go; to the addresses above when absent. */
  FREEHOLD_ALERT_WARNING_MAIL: Addresses.optional(),
  FREEHOLD_ALERT_CRITICAL_WEBHOOK: Urls.prefault(''),
  FREEHOLD_ALERT_WARNING_WEBHOOK: Urls.prefault(''),
  /** Signs the webhooks, in the form of Standard Webhooks. */
  FREEHOLD_ALERT_WEBHOOK_SECRET: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, 'must be whsec_ and at least 24 bytes in base64')
    .optional(),
  /** Mails about incidents of one severity within an hour; the daily look lists the rest. */
  FREEHOLD_ALERT_MAILS_PER_HOUR: Count.default(20),
  /** How often operators get the list of what is open. */
  FREEHOLD_DAILY_LOOK_MS: Milliseconds.default(hours(24)),
});

/** Mails that nobody has paid for: about unpaid orders by both processes, invitations by the api. */
const Mails = z.object({
  /** How many of them one address gets within an hour. */
  FREEHOLD_UNPAID_MAILS_PER_HOUR: Count.default(5),
});

/** When declined payments end an order: the control worker ends it, the api says how many tries are left. */
const Declines = z.object({
  /** Declines of one order before it ends. */
  FREEHOLD_DECLINES: Count.default(8),
});

/** Where mails and pages lead for documents and help. */
const Links = z.object({
  /** Address above the documents for customers; the api's own pages under /help when absent. */
  FREEHOLD_DOCUMENTS_URL: z.url().optional(),
  /** Community forum; none when absent. */
  FREEHOLD_FORUM_URL: z.url().optional(),
  /** Address for extended support; `support@` the base domain when absent. */
  FREEHOLD_SUPPORT_EMAIL: z.string().optional(),
});

/** Deadlines and windows of the operations, as declared by each. */
const Times = z.object(
  Object.fromEntries(
    operationDurations.map(({ variable, defaultMs }) => [variable, Milliseconds.default(defaultMs)]),
  ) as Record<keyof OperationTimes, z.ZodDefault<typeof Milliseconds>>,
);

const Api = Common.extend(Hosting.shape)
  .extend(Stripe.shape)
  .extend(Holds.shape)
  .extend(Mails.shape)
  .extend(Declines.shape)
  .extend(Links.shape)
  .extend({
    /** Address to bind; a reverse proxy on another machine needs one that it reaches. */
    API_HOST: z.union([z.ipv4(), z.ipv6()]).default('127.0.0.1'),
    API_PORT: Port.default(0),
    API_TRUST_PROXY: TrustedProxies.prefault('loopback'),
    /** Address under which browsers reach the API; links in answers and mails begin with it. */
    FREEHOLD_PUBLIC_URL: z.url(),
    STRIPE_PUBLISHABLE_KEY: z.string(),
    STRIPE_WEBHOOK_SECRET: z.string(),
    /** Signs quotes and derives the capabilities of orders. */
    FREEHOLD_SIGNING_KEY: Secret,
    /** Bootstrap token of operators. */
    FREEHOLD_OPERATOR_TOKEN: Secret,
    SMTP_URL: z.url(),
    MAIL_FROM: z.string().default('Freehold <hello@freehold.localhost>'),
    TEMPORAL_UI_URL: z.url().optional(),
    FREEHOLD_QUOTE_VALID_MS: Milliseconds.default(minutes(30)),
    FREEHOLD_HOLDS_PER_ACCOUNT: Count.default(5),
    FREEHOLD_HOLDS_PER_IP: Count.default(20),
    FREEHOLD_START_SWEEP_MS: Milliseconds.default(30_000),
    /** How often undelivered orders are checked for late money, and for how long after their end. */
    FREEHOLD_MONEY_SWEEP_MS: Milliseconds.default(minutes(5)),
    FREEHOLD_MONEY_WINDOW_MS: Milliseconds.default(hours(24 * 30)),
    FREEHOLD_REQUESTS_PER_MINUTE_PER_IP: Count.default(600),
    FREEHOLD_REQUESTS_PER_MINUTE_PER_ACCOUNT: Count.default(600),
    /** Open event streams of one API process, and of one client address on it. */
    FREEHOLD_STREAMS: Count.default(2_000),
    FREEHOLD_STREAMS_PER_IP: Count.default(50),
    /** Sign-in codes for one address that one client, or one browser known for the address, may ask for. */
    FREEHOLD_SIGN_IN_CODES_PER_HOUR: Count.default(10),
    /** Those that all browsers together may ask for that are not known for the address. */
    FREEHOLD_SIGN_IN_CODES_PER_HOUR_OF_STRANGERS: Count.default(20),
    /** How long a browser stays known for an address after it signed in; browsers keep cookies for 400 days at most. */
    FREEHOLD_KNOWN_BROWSER_MS: Milliseconds.default(hours(24 * 365)),
    FREEHOLD_SIGN_IN_CODE_MS: Milliseconds.default(minutes(10)),
    FREEHOLD_SESSION_MS: Milliseconds.default(hours(24 * 14)),
    /** How long the link of an invitation works. */
    FREEHOLD_INVITATION_MS: Milliseconds.default(hours(24 * 7)),
    /** Invitations that one account may have mailed within an hour. */
    FREEHOLD_INVITATIONS_PER_HOUR: Count.default(20),
    /** Members and open invitations of one account together. */
    FREEHOLD_MEMBERS_PER_ACCOUNT: Count.default(100),
    /** Where members and their programs reach the licence server. */
    LICENCE_SERVER_URL: z.url(),
    /** Signs licence tokens: the document that `src/api/keys/main.ts` makes and rolls. */
    FREEHOLD_ACCOUNT_KEYS: z.string(),
    FREEHOLD_LICENCE_TOKEN_MS: Milliseconds.max(licenceTokenMaxMs).default(licenceTokenMaxMs),
    FREEHOLD_CAPABILITY_READ_MS: Milliseconds.default(hours(24 * 7)),
    FREEHOLD_PAYMENT_POLL_MS: Milliseconds.default(10_000),
  });
export type ApiConfig = z.infer<typeof Api>;

const Licence = z.object({
  LICENCE_SERVER_URL: z.url(),
  LICENCE_ADMIN_TOKEN: Secret,
});

const Control = Common.extend(Hosting.shape)
  .extend(Stripe.shape)
  .extend(Licence.shape)
  .extend(Holds.shape)
  .extend(Mails.shape)
  .extend(Declines.shape)
  .extend(Links.shape)
  .extend(Times.shape)
  .extend(Alerts.shape)
  .extend({
    FREEHOLD_PUBLIC_URL: z.url(),
    /** The api's key: derives the links by which payers open the pages of their orders. */
    FREEHOLD_SIGNING_KEY: Secret,
    SMTP_URL: z.url(),
    MAIL_FROM: z.string().default('Freehold <hello@freehold.localhost>'),
    /** How long each payment attempt extends the hold of a name. */
    FREEHOLD_HOLD_AFTER_ATTEMPT_MS: Milliseconds.default(hours(2)),
    /** Interval of await payment between reads of Stripe, at first and after 15 minutes. */
    FREEHOLD_PAYMENT_READ_MS: Milliseconds.default(30_000),
    FREEHOLD_PAYMENT_READ_LATER_MS: Milliseconds.default(minutes(5)),
    /** How long after the end of a paid period its subscription is read, and how often while it is unpaid. */
    FREEHOLD_RENEWAL_READ_MS: Milliseconds.default(hours(2)),
    FREEHOLD_UNPAID_READ_MS: Milliseconds.default(hours(6)),
    /** Interval of licence checks of a hosted server. */
    FREEHOLD_LICENCE_CHECK_MS: Milliseconds.default(hours(1)),
    /** How often our records are compared with the other systems, and the clouds' resources with our records. */
    FREEHOLD_RECONCILE_MS: Milliseconds.default(hours(1)),
    FREEHOLD_ORPHAN_SWEEP_MS: Milliseconds.default(hours(6)),
    /** How often the snapshot run starts; each volume gets one snapshot a day regardless. */
    FREEHOLD_SNAPSHOTS_MS: Milliseconds.default(hours(6)),
    /** How often delivered servers are compared with their stacks, and how many of them at the same time. */
    FREEHOLD_DRIFT_MS: Milliseconds.default(hours(6)),
    FREEHOLD_DRIFT_AT_ONCE: Count.default(2),
    /** How long a drift scan waits for the checks of one page before it continues with the next. */
    FREEHOLD_DRIFT_TIMEOUT_MS: Milliseconds.default(minutes(20)),
    /** Changes more recent than this are still in motion and no mismatch. */
    FREEHOLD_SETTLING_MS: Milliseconds.default(minutes(10)),
    /** How long after their end undelivered orders are compared with Stripe. */
    FREEHOLD_RECONCILE_BACK_MS: Milliseconds.default(hours(24 * 35)),
    TEMPORAL_UI_URL: z.url().optional(),
    FREEHOLD_CONTROL_ACTIVITIES: Count.default(100),
    /** Folder that caches the workflow bundle between starts; when absent, it is built at every start. */
    FREEHOLD_WORKFLOW_CACHE: z.string().optional(),
  })
  .refine(
    (config) =>
      config.FREEHOLD_ALERT_WEBHOOK_SECRET !== undefined ||
      config.FREEHOLD_ALERT_CRITICAL_WEBHOOK.length + config.FREEHOLD_ALERT_WARNING_WEBHOOK.length === 0,
    { path: ['FREEHOLD_ALERT_WEBHOOK_SECRET'], message: 'webhooks for incidents need a secret' },
  );
export type ControlConfig = z.infer<typeof Control>;

/** The provision worker checks the servers that it changes, so it reaches hosts too. */
const Provision = Common.extend(Hosting.shape)
  .extend(Licence.shape)
  .extend({
    /** How long a server may take to answer after a step of a change. */
    FREEHOLD_CHANGE_HEALTHY_MS: Milliseconds.default(minutes(10)),
    /** How long the final snapshots of a deleted server are kept, days. */
    FREEHOLD_FINAL_SNAPSHOT_DAYS: Count.default(30),
    /** Pulumi operations at the same time. */
    FREEHOLD_PROVISION_SLOTS: Count.default(4),
    PULUMI_ROOT: z.string(),
    PULUMI_BACKEND_URL: z.string(),
    PULUMI_HOME: z.string(),
    /** Encrypts the secrets in the stacks' state. */
    PULUMI_CONFIG_PASSPHRASE: Secret,
  });
export type ProvisionConfig = z.infer<typeof Provision>;

function read<Schema extends z.ZodType>(schema: Schema, env: NodeJS.ProcessEnv): z.infer<Schema> {
  const values: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value === '') continue;
    if (name.endsWith('_FILE') && env[name.slice(0, -5)] === undefined) {
      const target = name.slice(0, -5);
      if (secretNames.has(target)) values[target] = readFileSync(value, 'utf8').trim();
    }
    values[name] = value;
  }
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`configuration is not valid:\n  ${problems.join('\n  ')}`);
}

const secretNames = new Set([
  'MONGODB_URI',
  'STRIPE_SECRET_KEY',
  'STRIPE_WEBHOOK_SECRET',
  'FREEHOLD_SIGNING_KEY',
  'FREEHOLD_OPERATOR_TOKEN',
  'FREEHOLD_ACCOUNT_KEYS',
  'LICENCE_ADMIN_TOKEN',
  'PULUMI_CONFIG_PASSPHRASE',
  'SMTP_URL',
  'FREEHOLD_ALERT_WEBHOOK_SECRET',
]);

/** Configuration of the api process; throws one error that names every missing or invalid variable. */
export const apiConfig = (env: NodeJS.ProcessEnv = process.env): ApiConfig => read(Api, env);
/** Configuration of the control worker. */
export const controlConfig = (env: NodeJS.ProcessEnv = process.env): ControlConfig => read(Control, env);
/** Configuration of the provision worker; the runner inherits its environment. */
export const provisionConfig = (env: NodeJS.ProcessEnv = process.env): ProvisionConfig => read(Provision, env);
