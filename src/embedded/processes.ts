import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { doubledClouds, doublesEnvironment } from '../../emulators/clouds/environment.ts';
import { hostEnvironment } from '../contracts/host-contract.ts';
import { catalogue } from '../domain/catalogue/catalogue-data.ts';
import { accepts, type DatabaseChoice, databaseArguments, databaseUri } from './mongo.ts';
import type { Ports } from './ports.ts';
import { type Keys, type StateFolder, writeFileSafely } from './state-folder.ts';
import { hasPrintedListening, type ProcessSpec } from './supervised-process.ts';
import { temporalArguments, temporalServes } from './temporal.ts';

/** The processes of the embedded platform: their environment and dependencies. */

/** The project's root; entries are relative to it. */
export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

export interface PlatformContext {
  folder: StateFolder;
  ports: Ports;
  keys: Keys;
  database: DatabaseChoice;
  /** Variables that a demo, a test or a benchmark overrides for our own processes. */
  overrides: Record<string, string>;
  /** Whether the clocks of our own processes can be shifted while they run. */
  shiftableClocks: boolean;
  env: NodeJS.ProcessEnv;
}

/**
 * Processes whose clocks can be shifted: each reads its own file in `clocks/`, the hosts of the small cloud share one.
 * The other processes of the platform stand for external systems, which keep their own time.
 */
export const clocks = ['api', 'control', 'provision', 'licence', 'hosts'] as const;
export type ClockName = (typeof clocks)[number];

/** The file with the offset of a clock, in ms. */
export function clockFile(stateDir: string, name: ClockName): string {
  return join(stateDir, 'clocks', name);
}

/** A program that the set-up provides is missing. */
export class MissingToolError extends Error {
  override readonly name = 'MissingToolError';
}

/** Addresses of everything that listens. */
export function platformUrls({ ports }: Pick<PlatformContext, 'ports'>) {
  const local = (port: number) => `http://127.0.0.1:${port}`;
  return {
    api: local(ports.api),
    temporalUi: local(ports['temporal-ui']),
    mailbox: local(ports.mailbox),
    stripe: local(ports.stripe),
    licence: local(ports.licence),
    cloud: local(ports.cloud),
  };
}
export type PlatformUrls = ReturnType<typeof platformUrls>;

/** The environment, by part; each process gets only the parts that it needs. */
export function platformEnvironment(context: PlatformContext) {
  const { folder, ports, keys, database, env } = context;
  const urls = platformUrls(context);
  const pulumiRoot = env.PULUMI_ROOT || dirname(dirname(onPath('pulumi', env) ?? ''));
  return {
    records: { MONGODB_URI: databaseUri(database, ports.mongo, 'freehold') },
    temporal: { TEMPORAL_ADDRESS: `127.0.0.1:${ports.temporal}` },
    hosting: {
      FREEHOLD_BASE_DOMAIN: baseDomain,
      FREEHOLD_HOST_PORT: String(ports.edge),
      FREEHOLD_DNS_SERVER: `127.0.0.1:${ports.dns}`,
      FREEHOLD_CA_FILE: folder.path('ca', 'ca.pem'),
    },
    stripe: { STRIPE_SECRET_KEY: keys['stripe-secret-key'], STRIPE_API_BASE: urls.stripe },
    mail: { SMTP_URL: `smtp://127.0.0.1:${ports.smtp}` },
    licence: { LICENCE_SERVER_URL: urls.licence, LICENCE_ADMIN_TOKEN: keys['licence-admin-token'] },
    cloud: { LOCAL_CLOUD_URL: urls.cloud, LOCAL_CLOUD_TOKEN: keys['cloud-token'] },
    pulumi: {
      PULUMI_ROOT: pulumiRoot,
      PULUMI_HOME: folder.path('pulumi', 'home'),
      // Without its side files, which a killed engine can leave empty: a state beside an empty one is no longer read.
      PULUMI_BACKEND_URL: env.PULUMI_BACKEND_URL || `file://${folder.path('pulumi', 'state')}?metadata=skip`,
      PULUMI_CONFIG_PASSPHRASE_FILE: folder.path('keys', 'pulumi-passphrase'),
    },
    publicUrl: { FREEHOLD_PUBLIC_URL: urls.api },
    clouds: {
      FREEHOLD_CLOUDS: ['local', ...doubledClouds].join(','),
      FREEHOLD_SIMULATED_CLOUDS: doubledClouds.join(','),
    },
    doubles: doublesEnvironment({
      cloudUrl: urls.cloud,
      path: env.PATH ?? '',
      cacheFolder: folder.path('cache', 'doubles'),
    }),
  };
}

const baseDomain = 'freehold.localhost';

/** Every process, in the order in which a reader looks for it. Errors: MissingToolError. */
export function platformProcesses(context: PlatformContext): ProcessSpec[] {
  const { folder, ports, keys, database, env } = context;
  const parts = platformEnvironment(context);
  const urls = platformUrls(context);
  const node = env.FREEHOLD_NODE || process.execPath;
  const common = commonEnvironment(env);

  const own = (
    spec: Pick<ProcessSpec, 'name' | 'title' | 'needs' | 'ports'> & Partial<ProcessSpec> & { entry: string },
  ) => {
    const { entry, env: variables, ...rest } = spec;
    return {
      command: node,
      args: ['--disable-warning=ExperimentalWarning', join(projectRoot, entry)],
      ready: hasPrintedListening,
      graceMs: 10_000,
      ...rest,
      env: {
        ...common,
        ...settingsOf(env, 'FREEHOLD_'),
        ...clockOf(context, rest.name),
        NODE_COMPILE_CACHE: compileCache(context),
        ...variables,
        ...context.overrides,
      },
    };
  };

  const records: ProcessSpec[] =
    database.kind === 'given'
      ? []
      : [
          {
            name: 'mongo',
            title: database.title,
            command: database.binary,
            args: databaseArguments(database, ports.mongo),
            env: common,
            needs: [],
            ports: [ports.mongo],
            ready: () => accepts(ports.mongo),
            graceMs: 10_000,
          },
        ];
  const needsRecords = records.map(({ name }) => name);

  return [
    ...records,
    {
      name: 'temporal',
      title: 'Temporal',
      command: need(env.TEMPORAL_CLI || onPath('temporal', env), 'TEMPORAL_CLI', 'the Temporal CLI'),
      args: temporalArguments({
        database: folder.path('temporal.db'),
        ports: {
          grpc: ports.temporal,
          http: ports['temporal-http'],
          ui: ports['temporal-ui'],
          metrics: ports['temporal-metrics'],
        },
      }),
      // The CLI looks for its settings in the home folder; this one has none.
      env: { ...common, HOME: folder.root },
      needs: [],
      ports: [ports.temporal, ports['temporal-http'], ports['temporal-ui'], ports['temporal-metrics']],
      ready: () => temporalServes(ports.temporal),
      graceMs: 10_000,
    },
    own({
      name: 'stripe',
      title: 'Stripe emulator',
      entry: 'emulators/stripe/main.ts',
      needs: [],
      ports: [ports.stripe],
      env: {
        STRIPE_EMULATOR_PORT: String(ports.stripe),
        STRIPE_EMULATOR_DB: folder.path('stripe.db'),
        STRIPE_SECRET_KEY: keys['stripe-secret-key'],
        STRIPE_PUBLISHABLE_KEY: keys['stripe-publishable-key'],
        STRIPE_WEBHOOK_SECRET: keys['stripe-webhook-secret'],
        STRIPE_EMULATOR_WEBHOOK_URL: `${urls.api}/v1/stripe/webhook`,
      },
    }),
    own({
      name: 'mailbox',
      title: 'Mailbox',
      entry: 'emulators/mailbox/main.ts',
      needs: [],
      ports: [ports.mailbox, ports.smtp],
      env: {
        MAILBOX_PORT: String(ports.mailbox),
        MAILBOX_SMTP_PORT: String(ports.smtp),
        MAILBOX_DB: folder.path('mailbox.db'),
      },
    }),
    own({
      name: 'cloud',
      title: 'Small cloud',
      entry: 'emulators/cloud/main.ts',
      // Its existing hosts start with it, and first of all check their licence.
      needs: ['licence'],
      ports: [ports.cloud],
      env: {
        CLOUD_PORT: String(ports.cloud),
        CLOUD_DB: folder.path('cloud', 'cloud.db'),
        CLOUD_DATA: folder.path('cloud', 'data'),
        CLOUD_TOKEN: keys['cloud-token'],
        CLOUD_IMAGES_FILE: writeImages(context, node),
        CLOUD_DNS_ZONE: baseDomain,
      },
      // Its hosts outlive it, as a cloud's do; only the stop of the whole platform stops them.
      leavesDescendants: true,
      shutdown: { url: `${urls.cloud}/v1/shutdown`, token: keys['cloud-token'] },
      graceMs: 20_000,
    }),
    own({
      name: 'edge',
      title: 'DNS and TLS',
      entry: 'emulators/edge/main.ts',
      needs: [],
      ports: [ports.edge, ports.dns],
      env: {
        EDGE_HTTPS_PORT: String(ports.edge),
        EDGE_DNS_PORT: String(ports.dns),
        EDGE_STATE: folder.path('ca'),
        EDGE_ZONE: baseDomain,
        CLOUD_URL: urls.cloud,
        CLOUD_TOKEN: keys['cloud-token'],
      },
    }),
    own({
      name: 'licence',
      title: 'Licence server',
      entry: 'src/licence/server/main.ts',
      needs: needsRecords,
      ports: [ports.licence],
      env: {
        ...settingsOf(env, 'LICENCE_'),
        LICENCE_HOST: '127.0.0.1',
        LICENCE_PORT: String(ports.licence),
        LICENCE_MONGODB_URI: databaseUri(database, ports.mongo, 'freehold-licence'),
        LICENCE_ADMIN_TOKEN: keys['licence-admin-token'],
        LICENCE_KEYS_FILE: folder.path('keys', 'licence-keys.json'),
        LICENCE_KEYS: '',
        LICENCE_ACCOUNT_JWKS_URL: `${urls.api}/.well-known/jwks.json`,
        LICENCE_ACCOUNT_JWKS_FILE: '',
        LICENCE_ACCOUNT_JWKS: '',
        LICENCE_ACCOUNT_ISSUER: parts.publicUrl.FREEHOLD_PUBLIC_URL,
      },
    }),
    own({
      name: 'api',
      title: 'API',
      entry: 'src/api/main.ts',
      needs: [...needsRecords, 'temporal'],
      ports: [ports.api],
      env: {
        API_PORT: String(ports.api),
        ...parts.publicUrl,
        ...parts.records,
        ...parts.temporal,
        ...parts.hosting,
        ...parts.stripe,
        ...parts.mail,
        ...parts.clouds,
        STRIPE_PUBLISHABLE_KEY: keys['stripe-publishable-key'],
        STRIPE_WEBHOOK_SECRET: keys['stripe-webhook-secret'],
        FREEHOLD_SIGNING_KEY: keys['quote-key'],
        FREEHOLD_OPERATOR_TOKEN: keys['operator-token'],
        // By path, so that rolling the keys needs only a restart of this process.
        FREEHOLD_ACCOUNT_KEYS_FILE: folder.path('keys', 'account-keys'),
        LICENCE_SERVER_URL: urls.licence,
        TEMPORAL_UI_URL: urls.temporalUi,
      },
    }),
    own({
      name: 'control',
      title: 'Control worker',
      entry: 'src/workers/control.ts',
      // The edge router creates the authority that this process trusts.
      needs: [...needsRecords, 'temporal', 'edge'],
      ports: [],
      env: {
        FREEHOLD_WORKFLOW_CACHE: env.FREEHOLD_WORKFLOW_CACHE || folder.path('cache', 'workflows'),
        ...parts.publicUrl,
        ...parts.records,
        ...parts.temporal,
        ...parts.hosting,
        ...parts.stripe,
        ...parts.mail,
        ...parts.licence,
        ...parts.clouds,
        FREEHOLD_SIGNING_KEY: keys['quote-key'],
        TEMPORAL_UI_URL: urls.temporalUi,
        FREEHOLD_ALERT_CRITICAL_MAIL: env.FREEHOLD_ALERT_CRITICAL_MAIL || `operators@${baseDomain}`,
      },
    }),
    own({
      name: 'provision',
      title: 'Provision worker',
      entry: 'src/workers/provision.ts',
      // It checks the health of the servers that it changes.
      needs: [...needsRecords, 'temporal', 'edge'],
      ports: [],
      env: {
        ...parts.publicUrl,
        ...parts.clouds,
        ...parts.doubles,
        ...parts.records,
        ...parts.temporal,
        ...parts.hosting,
        ...parts.licence,
        ...parts.cloud,
        ...parts.pulumi,
        PULUMI_ROOT: need(parts.pulumi.PULUMI_ROOT, 'PULUMI_ROOT', 'the Pulumi CLI'),
        HOME: folder.path('pulumi', 'home'),
      },
      // A running Pulumi operation stops in order first.
      graceMs: 20_000,
    }),
  ];
}

/** The settings in the caller's environment that begin so; the platform's own values take precedence. */
function settingsOf(env: NodeJS.ProcessEnv, prefix: 'FREEHOLD_' | 'LICENCE_'): Record<string, string> {
  const settings = Object.entries(env).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(settings.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** Harmless variables that every process may see; the rest of the caller's environment stays out. */
function commonEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const names = [
    'PATH',
    'LANG',
    'LC_ALL',
    'TZ',
    'TMPDIR',
    'FREEHOLD_LOG_LEVEL',
    'FREEHOLD_CLOCK_OFFSET_MS',
    'NODE_ENV',
  ];
  const known = Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
  return { NODE_ENV: 'production', ...known };
}

/** Node's compile cache: the caller's own, which many platforms may share, or one in the state folder. */
function compileCache({ folder, env }: PlatformContext): string {
  return env.NODE_COMPILE_CACHE || folder.path('cache', 'compiled');
}

/** Names the file that shifts the clock of these processes, and sets it to 0. */
function clockOf({ folder, shiftableClocks }: PlatformContext, name: string): Record<string, string> {
  const clock = clocks.find((each) => each === name);
  if (!shiftableClocks || clock === undefined) return {};
  folder.path('clocks', clock);
  const file = clockFile(folder.root, clock);
  writeFileSafely(file, '0');
  return { FREEHOLD_CLOCK_FILE: file };
}

/** How the small cloud boots the product's image: as a process of the same Node from this checkout. */
function writeImages(context: PlatformContext, node: string): string {
  const { folder, env } = context;
  const { name, version } = catalogue.product;
  const file = folder.path('cloud', 'images.json');
  const image = {
    command: [node, '--disable-warning=ExperimentalWarning', join(projectRoot, 'src/host/main.ts')],
    cwd: projectRoot,
    env: {
      ...commonEnvironment(env),
      ...clockOf(context, 'hosts'),
      NODE_COMPILE_CACHE: compileCache(context),
      // An existing server has the addresses from its own first start, whose ports may have changed.
      [hostEnvironment.licenceServer]: platformUrls(context).licence,
      [hostEnvironment.controlPlane]: platformUrls(context).api,
      [hostEnvironment.authority]: context.folder.path('ca', 'ca.pem'),
    },
  };
  writeFileSafely(file, JSON.stringify({ [`${name}:${version}`]: image }, null, 2));
  return file;
}

function onPath(program: string, env: NodeJS.ProcessEnv): string | undefined {
  return (env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((candidate) => existsSync(candidate));
}

function need(path: string | undefined, variable: string, title: string): string {
  if (path && path !== '.' && existsSync(path)) return path;
  throw new MissingToolError(`${title} is missing: run the set-up (npm run setup), or set ${variable}.`);
}
