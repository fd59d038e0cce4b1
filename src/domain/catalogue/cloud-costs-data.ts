import type { CloudCosts } from './cloud-costs.ts';

/**
 * List prices of what a private server is made of, pay as you go, in the region that each cloud's price list shows first.
 * Prices elsewhere differ (on AWS by up to a half), committed use and credits make them lower.
 *
 * None of these was read from the price list itself by a program: they are the published figures as known at `asOf`.
 * `confirmed` names where one was met again; all others have to be compared with the price list at `source` before
 * anybody prices by them.
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
    // The system lies on the droplet's own disk.
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
    // Sold in steps of sizes; per GiB of the step that is full, so a size between two steps costs more.
    volume: { title: 'standard SSD disk', perGib: 0.075, steps: [32, 64, 128, 256, 512, 1024] },
    snapshotPerGib: 0.05,
    address: 3.65,
    balancer: 18.25,
  },
};
