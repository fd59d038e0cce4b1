import type { CloudName } from '../contracts/stack.ts';
import type { CloudView } from './cloud-view.ts';

/** The view of each cloud, loaded when first needed. */
const views: Readonly<Record<CloudName, (env: NodeJS.ProcessEnv) => Promise<CloudView>>> = {
  local: async (env) => (await import('./local/view.ts')).localView(env),
  aws: async (env) => (await import('./aws/view.ts')).awsView(env),
  digitalocean: async (env) => (await import('./digitalocean/view.ts')).digitaloceanView(env),
  gcp: async (env) => (await import('./gcp/view.ts')).gcpView(env),
  azure: async (env) => (await import('./azure/view.ts')).azureView(env),
};

export function openCloudView(cloud: CloudName, env: NodeJS.ProcessEnv): Promise<CloudView> {
  return views[cloud](env);
}
