import type { TokenCredential } from '@azure/identity';
import { z } from 'zod';
import { type CloudView, firstSource } from '../cloud-view.ts';
import { createAzureClient } from './clients.ts';
import { azureActions } from './permissions.ts';

const Subscription = z.object({ subscriptionId: z.string(), displayName: z.string() });
const Role = z.object({ actions: z.array(z.string()), notActions: z.array(z.string()).default([]) });
const Sku = z.object({
  name: z.string(),
  resourceType: z.string(),
  restrictions: z.array(z.object({ type: z.string() })).default([]),
});

/** Azure through its resource manager, with the provider's service principal or the SDK's default credential. */
export function azureView(env: NodeJS.ProcessEnv, given?: TokenCredential): CloudView {
  const subscription = env.ARM_SUBSCRIPTION_ID || env.AZURE_SUBSCRIPTION_ID;
  const client = createAzureClient(env, given);
  const scope = `/subscriptions/${subscription}`;

  return {
    credentials: subscription ? sourceOf(env) : null,
    actions: azureActions,
    async identity() {
      const { subscriptionId } = Subscription.parse((await client.ask(client.urlOf(scope, '2022-12-01'))).body);
      return `subscription ${subscriptionId}`;
    },
    async permissions() {
      const path = `${scope}/providers/Microsoft.Authorization/permissions`;
      const roles = await client.listAll(Role, client.urlOf(path, '2022-04-01'));
      return { missing: azureActions.filter((action) => !roles.some((role) => grants(role, action))), unchecked: [] };
    },
    async sizesIn(region, sizes) {
      const path = `${scope}/providers/Microsoft.Compute/skus`;
      const filter = { $filter: `location eq '${region}'` };
      const skus = await client.listAll(Sku, client.urlOf(path, '2021-07-01', filter));
      const usable = skus.filter(
        ({ resourceType, restrictions }) =>
          resourceType === 'virtualMachines' && !restrictions.some(({ type }) => type === 'Location'),
      );
      return usable.map(({ name }) => name).filter((name) => sizes.includes(name));
    },
    close: () => undefined,
  };
}

/**
 * Whether a role grants an action: one of its patterns matches, and none of its exceptions. Case is ignored, as at
 * Azure.
 */
export function grants(role: { actions: string[]; notActions: string[] }, action: string): boolean {
  const fits = (pattern: string) => {
    const parts = pattern.split('*').map((part) => part.replace(/[.\\/]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`, 'i').test(action);
  };
  return role.actions.some(fits) && !role.notActions.some(fits);
}

function sourceOf(env: NodeJS.ProcessEnv): string | null {
  return firstSource([
    [env.ARM_CLIENT_SECRET, 'service principal (ARM_CLIENT_ID)'],
    [env.ARM_CLIENT_CERTIFICATE_PATH || env.AZURE_CLIENT_CERTIFICATE_PATH, 'service principal with a certificate'],
    [env.AZURE_CLIENT_SECRET, 'service principal (AZURE_CLIENT_ID)'],
    [env.AZURE_FEDERATED_TOKEN_FILE, 'workload identity (AZURE_FEDERATED_TOKEN_FILE)'],
    [true, 'managed identity, or the user signed in with the Azure CLI'],
  ]);
}
