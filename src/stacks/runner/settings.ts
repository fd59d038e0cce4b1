import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** Environment of a runner; it inherits the provision worker's. Clouds read their own credentials by themselves. */
const Environment = z.object({
  /** Folder whose `bin/pulumi` is the engine. */
  PULUMI_ROOT: z.string(),
  PULUMI_BACKEND_URL: z.string(),
  PULUMI_HOME: z.string(),
  MONGODB_URI: z.string(),
  LICENCE_SERVER_URL: z.url(),
  LICENCE_ADMIN_TOKEN: z.string().min(16),
  /** From SIGINT to SIGKILL when an operation has to stop, ms. */
  FREEHOLD_RUNNER_LADDER_MS: z.coerce.number().int().positive().default(120_000),
  /** How often the lease is renewed, and after how long without success the runner ends its session, ms. */
  FREEHOLD_LEASE_RENEW_MS: z.coerce.number().int().positive().default(15_000),
  FREEHOLD_LEASE_LOST_MS: z.coerce.number().int().positive().default(40_000),
});
export type RunnerSettings = z.infer<typeof Environment>;

/** What the engine and its plugins have no business to know. */
const ownSecrets = ['MONGODB_URI', 'LICENCE_ADMIN_TOKEN'];
/** What must never show in a line: values of these, and of everything that a caller adds. */
const secretNames = [...ownSecrets, 'PULUMI_CONFIG_PASSPHRASE', 'LOCAL_CLOUD_TOKEN'];

/** How long the ladder takes under an environment, for who has to wait for it, ms. */
export function ladderMsOf(env: NodeJS.ProcessEnv): number {
  return Environment.shape.FREEHOLD_RUNNER_LADDER_MS.parse(env.FREEHOLD_RUNNER_LADDER_MS || undefined);
}

/** Reads the settings, and takes the runner's own secrets out of the environment that its children inherit. */
export function takeSettings(env: NodeJS.ProcessEnv): { settings: RunnerSettings; secrets: Set<string> } {
  for (const name of secretNames) {
    const file = env[`${name}_FILE`];
    if (!env[name] && file) env[name] = readFileSync(file, 'utf8').trim();
  }
  const settings = Environment.parse(env);
  const secrets = new Set(secretNames.map((name) => env[name]).filter((value) => value !== undefined && value !== ''));
  for (const name of ownSecrets) {
    delete env[name];
    delete env[`${name}_FILE`];
  }
  return { settings, secrets: secrets as Set<string> };
}
