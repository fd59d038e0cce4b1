import { readFileSync } from 'node:fs';
import querystring from 'node:querystring';
import { z } from 'zod';
import { HostVariables } from '../cloud-init/host-setup.ts';
import { cloudSecrets } from '../cloud-secrets.ts';

const Milliseconds = z.coerce.number().int().positive();

/** Times of the lease, ms; `lease-rules.ts` explains them. */
export const LeaseTimes = z.object({
  /** How long a lease is valid without renewal, by the database's clock. */
  FREEHOLD_LEASE_MS: Milliseconds.default(60_000),
  /** How often the lease is renewed, and after how long without a renewal the runner kills its session. */
  FREEHOLD_LEASE_RENEW_MS: Milliseconds.default(15_000),
  FREEHOLD_LEASE_LOST_MS: Milliseconds.default(40_000),
  /** How long after its expiry a lease that was not released can be taken over. */
  FREEHOLD_LEASE_MARGIN_MS: Milliseconds.default(30_000),
});

/** Environment of a runner; inherited from the provision worker. Clouds read their own credentials. */
const Environment = z
  .object({
    /** Folder whose `bin/pulumi` is the engine. */
    PULUMI_ROOT: z.string(),
    PULUMI_BACKEND_URL: z.string(),
    PULUMI_HOME: z.string(),
    /** Encrypts the secrets in the state; empty if it is not given. */
    PULUMI_CONFIG_PASSPHRASE: z.string().default(''),
    MONGODB_URI: z.string(),
    LICENCE_SERVER_URL: z.url(),
    /** Address of the api as hosts reach it. */
    FREEHOLD_PUBLIC_URL: z.url(),
    LICENCE_ADMIN_TOKEN: z.string().min(16),
    /** From SIGINT to SIGKILL when an operation has to stop, ms. */
    FREEHOLD_RUNNER_ESCALATION_MS: Milliseconds.default(120_000),
    ...LeaseTimes.shape,
    ...HostVariables.shape,
  })
  .refine(
    (times) =>
      times.FREEHOLD_LEASE_RENEW_MS < times.FREEHOLD_LEASE_LOST_MS &&
      times.FREEHOLD_LEASE_LOST_MS < times.FREEHOLD_LEASE_MS,
    'a lease must be renewed before it counts as lost, and count as lost before it expires',
  );
export type RunnerSettings = z.infer<typeof Environment>;

/** Secrets that only the runner may know, and others that must never appear in a line. */
const ownSecrets = ['MONGODB_URI', 'LICENCE_ADMIN_TOKEN', 'ACME_EAB_KEY', 'ACME_FALLBACK_EAB_KEY'] as const;
const sharedSecrets = [
  'PULUMI_ACCESS_TOKEN',
  // Secrets of the state's backend, in addition to the clouds' own.
  ...['PGPASSWORD', 'AZURE_STORAGE_KEY', 'AZURE_STORAGE_SAS_TOKEN'],
] as const;

/** How long the shutdown escalation takes with this environment, for those who wait for it, ms. */
export function escalationMsOf(env: NodeJS.ProcessEnv): number {
  return Environment.shape.FREEHOLD_RUNNER_ESCALATION_MS.parse(env.FREEHOLD_RUNNER_ESCALATION_MS || undefined);
}

/** How long after its expiry a lease can be taken over in an environment, ms. */
export function leaseMarginMsOf(env: NodeJS.ProcessEnv): number {
  return LeaseTimes.shape.FREEHOLD_LEASE_MARGIN_MS.parse(env.FREEHOLD_LEASE_MARGIN_MS || undefined);
}

/**
 * Reads the settings, and takes the runner's own secrets out of the environment that its children inherit. The engine
 * inherits the passphrase as it was read here, so that it works with the one that was checked even if the file changes.
 */
export function takeSettings(env: NodeJS.ProcessEnv): { settings: RunnerSettings; secrets: Set<string> } {
  const own = Object.fromEntries(ownSecrets.map((name) => [name, secretOf(env, name)]));
  const shared = sharedSecrets.map((name) => secretOf(env, name));
  const passphrase = secretOf(env, 'PULUMI_CONFIG_PASSPHRASE') ?? '';
  const settings = Environment.parse({ ...env, ...own, PULUMI_CONFIG_PASSPHRASE: passphrase });
  for (const name of ownSecrets) {
    delete env[name];
    delete env[`${name}_FILE`];
  }
  env.PULUMI_CONFIG_PASSPHRASE = passphrase;
  delete env.PULUMI_CONFIG_PASSPHRASE_FILE;
  const values = [...Object.values(own), ...shared, passphrase, passwordOf(settings.PULUMI_BACKEND_URL)];
  const given = values.filter((value): value is string => Boolean(value));
  return { settings, secrets: new Set([...given, ...cloudSecrets(env)]) };
}

/** The password in the URL of the state's backend. */
function passwordOf(address: string): string | undefined {
  return URL.canParse(address) ? querystring.unescape(new URL(address).password) : undefined;
}

/** The value of a secret, or the content of the file that `<name>_FILE` names. */
function secretOf(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const file = env[`${name}_FILE`];
  return env[name] || (file ? readFileSync(file, 'utf8').trim() : undefined);
}
