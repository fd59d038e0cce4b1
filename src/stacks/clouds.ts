import { ReasonError } from '../contracts/reasons.ts';
import type { CloudName } from '../contracts/stack.ts';
import type { CloudStacks } from './private-server.ts';

/** The clouds on which private servers can be built here. */
const implementations: Partial<Record<CloudName, () => Promise<CloudStacks>>> = {
  local: async () => (await import('./local/private-server.ts')).localStacks,
  digitalocean: async () => (await import('./digitalocean/private-server.ts')).digitaloceanStacks,
  aws: async () => (await import('./aws/private-server.ts')).awsStacks,
  gcp: async () => (await import('./gcp/private-server.ts')).gcpStacks,
  azure: async () => (await import('./azure/private-server.ts')).azureStacks,
};

/** The implementation of a cloud, loaded when first needed; throws `cloud_not_enabled`. */
export async function cloudStacks(cloud: CloudName): Promise<CloudStacks> {
  const load = implementations[cloud];
  if (!load) throw new ReasonError('cloud_not_enabled', cloud);
  return load();
}
