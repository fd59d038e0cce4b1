import type { Catalogue, Region } from '../../contracts/catalogue.ts';

/** Net price per month in minor units; a year costs ten months. */
function price(monthly: number) {
  return { monthly, yearly: monthly * 10 };
}

function region(
  name: string,
  title: string,
  country: string,
  zones: string[],
  without: Region['without'] = [],
): Region {
  return { name, title, country, zones, without };
}

/** Zones named after the region plus a letter: `eu-west-1` and `abc` give `eu-west-1a`, `-1b`, `-1c`. */
function lettered(prefix: string, letters: string): string[] {
  return [...letters].map((letter) => `${prefix}${letter}`);
}

const azureZones = ['1', '2', '3'];
const unlimited = { devices: null, assets: null, dashboards: null, buckets: null, tokens: null };
const oneNode = [{ nodes: 1, enabled: true }] satisfies Catalogue['plans'][number]['topologies'];

/**
 * Everything that is sold: plans, add-ons, clouds. Prices are net, in minor units, and include licence and cloud. They
 * are synchronised to Stripe under their lookup keys; `version` changes with every change made here.
 */
export const catalogue: Catalogue = {
  version: '2026-11-22',
  currency: 'EUR',
  product: { name: 'freehold-server', version: '1.0.0', released: '2026-11-01' },
  plans: [
    {
      name: 'MAKER',
      accounts: { from: 1, to: 1, text: 'Individual projects' },
      prices: {
        digitalocean: price(3_900),
        aws: price(4_500),
        gcp: price(4_500),
        azure: price(4_700),
        local: price(2_900),
      },
      limits: { ...unlimited, plugins: 1, users: 1, domains: 0, brands: 0 },
      features: { extendedSupport: false, cluster: false, highAvailability: false },
      carries: 4,
      diskGib: 25,
      addOns: { users: 'excluded', 'extended-support': 'excluded', domains: 'excluded', brands: 'excluded' },
      topologies: oneNode,
    },
    {
      name: 'GROW',
      accounts: { from: 2, to: 9, text: 'Under 10 user accounts' },
      prices: {
        digitalocean: price(9_900),
        aws: price(11_900),
        gcp: price(11_900),
        azure: price(12_500),
        local: price(7_900),
      },
      limits: { ...unlimited, plugins: 3, users: 1, domains: 0, brands: 0 },
      features: { extendedSupport: false, cluster: false, highAvailability: false },
      carries: 30,
      diskGib: 60,
      addOns: { users: 'sold', 'extended-support': 'sold', domains: 'sold', brands: 'sold' },
      topologies: oneNode,
    },
    {
      name: 'STARTUP',
      accounts: { from: 10, to: 50, text: '10 to 50 user accounts' },
      prices: {
        digitalocean: price(24_900),
        aws: price(27_900),
        gcp: price(27_900),
        azure: price(28_900),
        local: price(19_900),
      },
      limits: { ...unlimited, plugins: 6, users: 1, domains: 0, brands: 0 },
      features: { extendedSupport: false, cluster: false, highAvailability: false },
      carries: 300,
      diskGib: 160,
      addOns: { users: 'sold', 'extended-support': 'sold', domains: 'sold', brands: 'sold' },
      topologies: oneNode,
    },
    {
      name: 'BUSINESS',
      accounts: { from: 51, to: null, text: 'Over 50 user accounts' },
      prices: {
        digitalocean: price(69_900),
        aws: price(77_900),
        gcp: price(77_900),
        azure: price(79_900),
        local: price(59_900),
      },
      limits: { ...unlimited, plugins: null, users: 1, domains: 10, brands: 10 },
      features: { extendedSupport: true, cluster: true, highAvailability: true },
      carries: 1_200,
      diskGib: 320,
      addOns: { users: 'sold', 'extended-support': 'included', domains: 'included', brands: 'included' },
      topologies: [...oneNode, { nodes: 3, enabled: false }],
    },
  ],
  addOns: [
    {
      name: 'users',
      title: 'Additional user',
      description: 'One more user account on the server, beside the one that every plan has.',
      price: price(500),
      maximum: 500,
    },
    {
      name: 'extended-support',
      title: 'Extended support',
      description: 'Our engineers help with your development and answer within 24 to 48 hours.',
      price: price(9_900),
      maximum: 1,
    },
    {
      name: 'domains',
      title: 'Custom domain',
      description: 'One more web domain of your own that leads to the server.',
      price: price(1_000),
      maximum: 50,
    },
    {
      name: 'brands',
      title: 'Custom brand',
      description: 'One more console with its own colours, domain and logo. Each brand needs a custom domain.',
      price: price(2_500),
      maximum: 50,
    },
  ],
  clouds: [
    {
      name: 'digitalocean',
      title: 'DigitalOcean',
      label: 'do',
      enabled: false,
      sizes: { MAKER: 's-1vcpu-2gb', GROW: 's-2vcpu-4gb', STARTUP: 's-4vcpu-8gb', BUSINESS: 'g-8vcpu-32gb' },
      // This cloud has no zones: a region is one data centre.
      regions: [
        region('ams3', 'Amsterdam', 'NL', ['ams3']),
        region('fra1', 'Frankfurt', 'DE', ['fra1']),
        region('lon1', 'London', 'GB', ['lon1']),
        region('nyc3', 'New York', 'US', ['nyc3']),
        region('sfo3', 'San Francisco', 'US', ['sfo3']),
        region('tor1', 'Toronto', 'CA', ['tor1']),
        region('sgp1', 'Singapore', 'SG', ['sgp1']),
        region('syd1', 'Sydney', 'AU', ['syd1']),
        region('blr1', 'Bangalore', 'IN', ['blr1'], ['BUSINESS']),
      ],
    },
    {
      name: 'aws',
      title: 'Amazon Web Services',
      label: 'aws',
      enabled: false,
      sizes: { MAKER: 't3.small', GROW: 't3.medium', STARTUP: 'm6i.xlarge', BUSINESS: 'm6i.2xlarge' },
      regions: [
        region('eu-central-1', 'Frankfurt', 'DE', lettered('eu-central-1', 'abc')),
        region('eu-west-1', 'Ireland', 'IE', lettered('eu-west-1', 'abc')),
        region('eu-south-2', 'Spain', 'ES', lettered('eu-south-2', 'abc')),
        region('us-east-1', 'North Virginia', 'US', lettered('us-east-1', 'abcdf')),
        region('us-west-2', 'Oregon', 'US', lettered('us-west-2', 'abcd')),
        region('sa-east-1', 'São Paulo', 'BR', lettered('sa-east-1', 'abc')),
        region('ap-southeast-1', 'Singapore', 'SG', lettered('ap-southeast-1', 'abc')),
        region('ap-northeast-1', 'Tokyo', 'JP', lettered('ap-northeast-1', 'acd')),
      ],
    },
    {
      name: 'gcp',
      title: 'Google Cloud',
      label: 'gcp',
      enabled: false,
      sizes: { MAKER: 'e2-small', GROW: 'e2-medium', STARTUP: 'e2-standard-4', BUSINESS: 'n2-standard-8' },
      regions: [
        region('europe-west1', 'Belgium', 'BE', lettered('europe-west1-', 'bcd')),
        region('europe-west3', 'Frankfurt', 'DE', lettered('europe-west3-', 'abc')),
        region('europe-southwest1', 'Madrid', 'ES', lettered('europe-southwest1-', 'abc')),
        region('us-central1', 'Iowa', 'US', lettered('us-central1-', 'abcf')),
        region('us-east1', 'South Carolina', 'US', lettered('us-east1-', 'bcd')),
        region('asia-east1', 'Taiwan', 'TW', lettered('asia-east1-', 'abc')),
        region('asia-southeast1', 'Singapore', 'SG', lettered('asia-southeast1-', 'abc')),
      ],
    },
    {
      name: 'azure',
      title: 'Microsoft Azure',
      label: 'azure',
      enabled: false,
      sizes: {
        MAKER: 'Standard_B1ms',
        GROW: 'Standard_B2s',
        STARTUP: 'Standard_D4s_v5',
        BUSINESS: 'Standard_D8s_v5',
      },
      regions: [
        region('westeurope', 'Netherlands', 'NL', azureZones),
        region('northeurope', 'Ireland', 'IE', azureZones),
        region('germanywestcentral', 'Frankfurt', 'DE', azureZones),
        region('spaincentral', 'Madrid', 'ES', azureZones),
        region('eastus', 'Virginia', 'US', azureZones),
        region('westus2', 'Washington', 'US', azureZones),
        region('southeastasia', 'Singapore', 'SG', azureZones),
        region('eastasia', 'Hong Kong', 'HK', azureZones),
      ],
    },
    {
      name: 'local',
      title: 'This machine',
      label: 'local',
      enabled: true,
      sizes: { MAKER: 'local-1', GROW: 'local-2', STARTUP: 'local-3', BUSINESS: 'local-4' },
      regions: [
        region('home', 'Home', 'ES', lettered('home-', 'abc')),
        region('attic', 'Attic', 'ES', lettered('attic-', 'abc'), ['BUSINESS']),
      ],
    },
  ],
};
