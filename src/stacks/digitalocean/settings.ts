import { z } from 'zod';
import { ReasonError } from '../../contracts/reasons.ts';

/** Configuration for DigitalOcean; token and API address are in the provider's own variables. */
const Settings = z.object({
  /** Domain at DigitalOcean's DNS for the records of all servers there. */
  FREEHOLD_DIGITALOCEAN_DOMAIN: z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/),
  /** How long DigitalOcean may keep a new object out of its lists, ms. */
  FREEHOLD_DIGITALOCEAN_LISTING_LAG_MS: z.coerce.number().int().min(0).default(30_000),
  /** Whether this installation has its account for itself, so that a reserved address without an owner is its own. */
  FREEHOLD_DIGITALOCEAN_OWN_ACCOUNT: z.stringbool().default(false),
  /** How long a reserved address must have had no owner before it counts as orphaned, ms. */
  FREEHOLD_DIGITALOCEAN_UNOWNED_MS: z.coerce.number().int().positive().default(120_000),
  /** Pause between attempts to remove an object that is still in use, ms. */
  FREEHOLD_DIGITALOCEAN_REMOVE_PAUSE_MS: z.coerce.number().int().positive().default(5_000),
});
export type DigitaloceanSettings = z.infer<typeof Settings>;

/** Throws `cloud_not_enabled`, naming the missing or invalid variable. */
export function digitaloceanSettings(env: NodeJS.ProcessEnv): DigitaloceanSettings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = Settings.safeParse(given);
  if (parsed.success) return parsed.data;
  const names = parsed.error.issues.map(({ path }) => path.join('.'));
  throw new ReasonError('cloud_not_enabled', `digitalocean: missing or invalid: ${names.join(', ')}`);
}
