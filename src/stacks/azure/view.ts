import { ClientSecretCredential, DefaultAzureCredential, type TokenCredential } from '@azure/identity';
import { z } from 'zod';
import { ReasonError } from '../../contracts/reasons.ts';
import { type CloudView, firstSource, restClient } from '../cloud-view.ts';
import { azureReasonOf } from './errors.ts';
import { azureActions } from './permissions.ts';

const Subscription = z.object({ subscriptionId: z.string(), displayName: z.string() });
const Permissions = z.object({
  value: z.array(z.object({ actions: z.array(z.string()), notActions: z.array(z.string()).default([]) })),
  nextLink: z.string().optional(),
});
const Skus = z.object({
  value: z.array(
    z.object({
      name: z.string(),
      resourceType: z.string(),
      restrictions: z.array(z.object({ type: z.string() })).default([]),
    }),
  ),
  nextLink: z.string().optional(),
});

/** Azure by its resource manager, with the service principal of its provider or the SDK's default credential. */
export function azureView(env: NodeJS.ProcessEnv, given?: TokenCredential): CloudView {
  const base = env.AZURE_RESOURCE_MANAGER_URL || 'https://management.azure.com';
  const subscription = env.ARM_SUBSCRIPTION_ID || env.AZURE_SUBSCRIPTION_ID;
  const credential = given ?? credentialOf(env);

  async function token(): Promise<string> {
    try {
      return (await credential.getToken('https://management.azure.com/.default'))?.token ?? '';
    } catch (error) {
      const { name, message } = error as Error;
      const none =
        name === 'CredentialUnavailableError' || /ChainedTokenCredential authentication failed/.test(message);
      throw new ReasonError(none ? 'cloud_not_enabled' : 'cloud_credentials_expired', message, { cause: error });
    }
  }
  const ask = restClient({ token, reasonOf: azureReasonOf });
  const scope = `${base}/subscriptions/${subscription}`;

  /** Every page of a list. */
  async function pages<Page extends { nextLink?: string | undefined }>(schema: z.ZodType<Page>, url: string) {
    const found: Page[] = [];
    for (let next: string | undefined = url; next; next = found.at(-1)?.nextLink) {
      found.push(schema.parse((await ask(next)).body));
    }
    return found;
  }

  return {
    credentials: subscription ? sourceOf(env) : null,
    actions: azureActions,
    async identity() {
      const { subscriptionId } = Subscription.parse((await ask(`${scope}?api-version=2022-12-01`)).body);
      return `subscription ${subscriptionId}`;
    },
    async permissions() {
      const url = `${scope}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01`;
      const roles = (await pages(Permissions, url)).flatMap(({ value }) => value);
      return { missing: azureActions.filter((action) => !roles.some((role) => grants(role, action))), unchecked: [] };
    },
    async sizesIn(region, sizes) {
      const filter = encodeURIComponent(`location eq '${region}'`);
      const url = `${scope}/providers/Microsoft.Compute/skus?api-version=2021-07-01&$filter=${filter}`;
      const skus = (await pages(Skus, url)).flatMap(({ value }) => value);
      const usable = skus.filter(
        ({ resourceType, restrictions }) =>
          resourceType === 'virtualMachines' && !restrictions.some(({ type }) => type === 'Location'),
      );
      return usable.map(({ name }) => name).filter((name) => sizes.includes(name));
    },
    close: () => undefined,
  };
}

/** Whether a role lets do something: its patterns do, and none of its exceptions. Case does not count, as at Azure. */
export function grants(role: { actions: string[]; notActions: string[] }, action: string): boolean {
  const fits = (pattern: string) => {
    const parts = pattern.split('*').map((part) => part.replace(/[.\\/]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`, 'i').test(action);
  };
  return role.actions.some(fits) && !role.notActions.some(fits);
}

function credentialOf(env: NodeJS.ProcessEnv): TokenCredential {
  const { ARM_TENANT_ID: tenant, ARM_CLIENT_ID: client, ARM_CLIENT_SECRET: secret } = env;
  return tenant && client && secret ? new ClientSecretCredential(tenant, client, secret) : new DefaultAzureCredential();
}

function sourceOf(env: NodeJS.ProcessEnv): string | null {
  return firstSource([
    [env.ARM_CLIENT_SECRET, 'service principal (ARM_CLIENT_ID)'],
    [env.ARM_CLIENT_CERTIFICATE_PATH || env.AZURE_CLIENT_CERTIFICATE_PATH, 'service principal with a certificate'],
    [env.AZURE_CLIENT_SECRET, 'service principal (AZURE_CLIENT_ID)'],
    [env.AZURE_FEDERATED_TOKEN_FILE, 'workload identity (AZURE_FEDERATED_TOKEN_FILE)'],
    [true, 'managed identity, or whoever is signed in with the Azure command'],
  ]);
}
