import { z } from 'zod';
import { ReasonError } from '../../contracts/reasons.ts';

/** What an installation says about Google Cloud; credentials and endpoints are the provider's own, by its own rules. */
const Settings = z.object({
  /** Project in which everything is made. */
  GOOGLE_PROJECT: z.string().regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/),
  /** Managed zone of Cloud DNS, by its name, in which the records of all servers on Google Cloud are made. */
  FREEHOLD_GCP_MANAGED_ZONE: z.string().regex(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/),
  /** How long Google Cloud may keep a new object out of its lists, ms. */
  FREEHOLD_GCP_LISTING_LAG_MS: z.coerce.number().int().min(0).default(30_000),
  /** How long to wait between tries to remove what something that is ending still holds, ms. */
  FREEHOLD_GCP_REMOVE_PAUSE_MS: z.coerce.number().int().positive().default(5_000),
});
export type GcpSettings = z.infer<typeof Settings>;

/** The project that the variables of Google's own tools name; undefined where none does. */
export function projectIn(env: NodeJS.ProcessEnv): string | undefined {
  return env.GOOGLE_PROJECT || env.GOOGLE_CLOUD_PROJECT || env.CLOUDSDK_CORE_PROJECT || undefined;
}

/** Throws `cloud_not_enabled`, naming the variable that is missing or wrong. */
export function gcpSettings(env: NodeJS.ProcessEnv): GcpSettings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = Settings.safeParse({ ...given, GOOGLE_PROJECT: projectIn(env) });
  if (parsed.success) return parsed.data;
  const names = parsed.error.issues.map(({ path }) => path.join('.'));
  throw new ReasonError('cloud_not_enabled', `gcp: missing or wrong: ${names.join(', ')}`);
}
