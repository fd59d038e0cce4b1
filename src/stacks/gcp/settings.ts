import { z } from 'zod';
import { ReasonError } from '../../contracts/reasons.ts';

/** Configuration for Google Cloud; credentials and endpoints are found by the provider's own rules. */
const Settings = z.object({
  /** Project in which everything is created. */
  GOOGLE_PROJECT: z.string().regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/),
  /** Name of the Cloud DNS managed zone for the records of all servers on Google Cloud. */
  FREEHOLD_GCP_MANAGED_ZONE: z.string().regex(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/),
  /** How long Google Cloud may keep a new object out of its lists, ms. */
  FREEHOLD_GCP_LISTING_LAG_MS: z.coerce.number().int().min(0).default(30_000),
  /** Pause between attempts to remove an object that is still in use, ms. */
  FREEHOLD_GCP_REMOVE_PAUSE_MS: z.coerce.number().int().positive().default(5_000),
});
export type GcpSettings = z.infer<typeof Settings>;

/** The project named by the variables of Google's own tools; undefined if there is none. */
export function projectIn(env: NodeJS.ProcessEnv): string | undefined {
  return env.GOOGLE_PROJECT || env.GOOGLE_CLOUD_PROJECT || env.CLOUDSDK_CORE_PROJECT || undefined;
}

/** Throws `cloud_not_enabled`, naming the missing or invalid variable. */
export function gcpSettings(env: NodeJS.ProcessEnv): GcpSettings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = Settings.safeParse({ ...given, GOOGLE_PROJECT: projectIn(env) });
  if (parsed.success) return parsed.data;
  const names = parsed.error.issues.map(({ path }) => path.join('.'));
  throw new ReasonError('cloud_not_enabled', `gcp: missing or invalid: ${names.join(', ')}`);
}
