import { z } from 'zod';
import { ReasonError } from '../../contracts/reasons.ts';

/** Configuration for Azure; credentials are found by the rules of Azure's SDK and provider. */
const Settings = z.object({
  /** Subscription in which servers are built; AZURE_SUBSCRIPTION_ID is accepted too. */
  ARM_SUBSCRIPTION_ID: z.guid(),
  /** Resource group of the installation itself: DNS zone, backup vaults and their snapshots. */
  FREEHOLD_AZURE_RESOURCE_GROUP: z.string().regex(/^[\w().-]{0,89}[\w()-]$/),
  /** DNS zone for the records of all servers on Azure: the name of the domain. */
  FREEHOLD_AZURE_DNS_ZONE: z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/),
  /** How long Azure may keep a new object out of its lists, ms. */
  FREEHOLD_AZURE_LISTING_LAG_MS: z.coerce.number().int().min(0).default(30_000),
  /** Pause between two reads of an object that is being deleted, ms. */
  FREEHOLD_AZURE_REMOVE_PAUSE_MS: z.coerce.number().int().positive().default(5_000),
});

export interface AzureSettings {
  subscription: string;
  group: string;
  dnsZone: string;
  listingLagMs: number;
  removePauseMs: number;
}

/** Throws `cloud_not_enabled`, naming the missing or invalid variable. */
export function azureSettings(env: NodeJS.ProcessEnv): AzureSettings {
  const ARM_SUBSCRIPTION_ID = env.ARM_SUBSCRIPTION_ID || env.AZURE_SUBSCRIPTION_ID;
  const given = Object.fromEntries(Object.entries({ ...env, ARM_SUBSCRIPTION_ID }).filter(([, value]) => value !== ''));
  const parsed = Settings.safeParse(given);
  if (parsed.success) {
    return {
      subscription: parsed.data.ARM_SUBSCRIPTION_ID,
      group: parsed.data.FREEHOLD_AZURE_RESOURCE_GROUP,
      dnsZone: parsed.data.FREEHOLD_AZURE_DNS_ZONE,
      listingLagMs: parsed.data.FREEHOLD_AZURE_LISTING_LAG_MS,
      removePauseMs: parsed.data.FREEHOLD_AZURE_REMOVE_PAUSE_MS,
    };
  }
  const names = parsed.error.issues.map(({ path }) => path.join('.'));
  throw new ReasonError('cloud_not_enabled', `azure: missing or invalid: ${names.join(', ')}`);
}
