import type { CloudCosts, ExchangeRate } from './cloud-costs.ts';

/**
 * The reference rate of the European Central Bank by which list prices are compared with ours. It is data of the
 * installation like the price lists: replace rate and day together.
 */
export const exchangeRate: ExchangeRate = {
  ...{ from: 'EUR', to: 'USD', rate: 1.0411, asOf: '2025-02-28' },
  source:
    'https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates/html/eurofxref-graph-usd.en.html',
};

/**
 * Pay-as-you-go list prices of the parts of a private server, in the region that each cloud's price list shows first.
 * Prices in other regions differ (on AWS by up to a half); committed use and credits lower them.
 *
 * No program read these from the price list itself: they are the published figures as known at `asOf`. `confirmed`
 * names a second source; every other figure must be compared with the price list at `source` before it is used for
 * pricing.
 */
export const cloudCosts: CloudCosts = {
  digitalocean: {
    region: 'any',
    currency: 'USD',
    asOf: '2025-06-01',
    source: 'https://www.digitalocean.com/pricing',
    machines: {
      's-1vcpu-2gb': { perMonth: 12 },
      's-2vcpu-4gb': { perMonth: 24 },
      's-4vcpu-8gb': { perMonth: 48 },
      'g-8vcpu-32gb': { perMonth: 252 },
    },
    // The system is on the droplet's own disk.
    systemGib: 0,
    volume: { title: 'volume', perGib: 0.1 },
    snapshotPerGib: 0.06,
    // Free while a droplet uses it.
    address: 0,
    balancer: 12,
  },
  aws: {
    region: 'us-east-1',
    currency: 'USD',
    asOf: '2025-06-01',
    source: 'https://aws.amazon.com/ec2/pricing/on-demand/',
    machines: {
      't3.small': { perHour: 0.0208 },
      't3.medium': {
        perHour: 0.0416,
        confirmed: { on: '2026-04-17', at: 'https://hacecuentas.com/en/costo-servidor-cloud-aws-ec2-mensual' },
      },
      'm6i.xlarge': { perHour: 0.192 },
      'm6i.2xlarge': { perHour: 0.384 },
    },
    systemGib: 16,
    volume: { title: 'gp3 volume', perGib: 0.08 },
    snapshotPerGib: 0.05,
    address: 3.65,
    // A network load balancer without its traffic.
    balancer: 16.43,
  },
  gcp: {
    region: 'us-central1',
    currency: 'USD',
    asOf: '2025-06-01',
    source: 'https://cloud.google.com/compute/all-pricing',
    machines: {
      'e2-small': { perHour: 0.01675 },
      'e2-medium': { perHour: 0.0335 },
      'e2-standard-4': { perHour: 0.134 },
      'n2-standard-8': { perHour: 0.3885 },
    },
    systemGib: 16,
    volume: { title: 'balanced persistent disk', perGib: 0.1 },
    snapshotPerGib: 0.05,
    address: 3.65,
    balancer: 18.25,
  },
  azure: {
    region: 'eastus',
    currency: 'USD',
    asOf: '2025-06-01',
    source: 'https://azure.microsoft.com/en-us/pricing/details/virtual-machines/linux/',
    machines: {
      Standard_B1ms: { perHour: 0.0207 },
      Standard_B2s: { perHour: 0.0416 },
      Standard_D4s_v5: { perHour: 0.192 },
      Standard_D8s_v5: { perHour: 0.384 },
    },
    systemGib: 32,
    // Sold in fixed sizes. Price per GiB of a full size; a size in between costs as much as the next larger one.
    volume: { title: 'standard SSD disk', perGib: 0.075, steps: [32, 64, 128, 256, 512, 1024] },
    snapshotPerGib: 0.05,
    address: 3.65,
    balancer: 18.25,
  },
};
