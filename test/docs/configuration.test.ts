import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { operationDurations } from '../../src/contracts/operations/registry.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const names = (text: string, pattern: RegExp) => new Set([...text.matchAll(pattern)].map(([, name]) => name as string));

/** Where the processes declare their variables. */
const sources = [
  'src/config.ts',
  'src/stacks/runner/settings.ts',
  'src/licence/server/settings.ts',
  'src/stacks/cloud-init/host-setup.ts',
];

/** Variables that the page names and that are read elsewhere: by Temporal, Pulumi, the platform, the command. */
const elsewhere = [
  'TEMPORAL_ADDRESS',
  'TEMPORAL_NAMESPACE',
  'TEMPORAL_API_KEY',
  'FREEHOLD_STATE_DIR',
  'FREEHOLD_PORT_BASE',
  'FREEHOLD_PORT_API',
  'FREEHOLD_API_URL',
  'FREEHOLD_LOG_LEVEL',
  'LOCAL_CLOUD_URL',
  'LOCAL_CLOUD_TOKEN',
  'LOCAL_CLOUD_LISTING_LAG_MS',
  'PULUMI_CONFIG_PASSPHRASE',
  'AWS_ENDPOINT_URL',
  'FREEHOLD_AWS_HOSTED_ZONE_ID',
  'FREEHOLD_AWS_PERMISSIONS_BOUNDARY',
  'FREEHOLD_AWS_LISTING_LAG_MS',
  'FREEHOLD_AWS_REBOOT_MS',
  'FREEHOLD_AWS_REMOVE_PAUSE_MS',
  'ARM_SUBSCRIPTION_ID',
  'AZURE_SUBSCRIPTION_ID',
  'FREEHOLD_OPERATOR',
  'FREEHOLD_AZURE_RESOURCE_GROUP',
  'FREEHOLD_AZURE_DNS_ZONE',
  'FREEHOLD_AZURE_LISTING_LAG_MS',
  'FREEHOLD_AZURE_REMOVE_PAUSE_MS',
  'DIGITALOCEAN_TOKEN',
  'DIGITALOCEAN_API_URL',
  'FREEHOLD_DIGITALOCEAN_DOMAIN',
  'FREEHOLD_DIGITALOCEAN_LISTING_LAG_MS',
  'FREEHOLD_DIGITALOCEAN_OWN_ACCOUNT',
  'FREEHOLD_DIGITALOCEAN_UNOWNED_MS',
  'FREEHOLD_DIGITALOCEAN_REMOVE_PAUSE_MS',
  'GOOGLE_COMPUTE_CUSTOM_ENDPOINT',
  'GOOGLE_PROJECT',
  'GOOGLE_CLOUD_PROJECT',
  'FREEHOLD_GCP_MANAGED_ZONE',
  'FREEHOLD_GCP_LISTING_LAG_MS',
  'FREEHOLD_GCP_REMOVE_PAUSE_MS',
];

const page = read('docs/operating.md');
const documented = names(page, /`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`/g);
const declared = (path: string) => names(read(path), /^\s+([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+): /gm);
/** Deadlines and windows, as the operations declare them. */
const durations = operationDurations.map(({ variable }) => variable as string);

describe('docs/operating.md', () => {
  test.each(sources)('names every variable of %s', (path) => {
    const variables = [...declared(path)];
    expect(variables.length).toBeGreaterThan(8);
    expect(variables.filter((name) => !documented.has(name))).toEqual([]);
  });

  test('names every deadline and window of the operations', () => {
    expect(durations.length).toBeGreaterThan(8);
    expect(durations.filter((name) => !documented.has(name))).toEqual([]);
  });

  test('names no variable that nobody reads', () => {
    const known = new Set([...sources.flatMap((path) => [...declared(path)]), ...durations, ...elsewhere]);
    expect([...documented].filter((name) => !known.has(name))).toEqual([]);
  });
});
