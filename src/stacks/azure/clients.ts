import { ClientSecretCredential, DefaultAzureCredential, type TokenCredential } from '@azure/identity';
import { z } from 'zod';
import { ReasonError } from '../../contracts/reasons.ts';
import { restClient } from '../cloud-view.ts';
import { azureReasonOf } from './errors.ts';

/**
 * Azure's resource manager, with the provider's service principal or the SDK's default credential, so we never handle
 * credentials.
 */
export function createAzureClient(env: NodeJS.ProcessEnv, given?: TokenCredential) {
  const base = env.AZURE_RESOURCE_MANAGER_URL || 'https://management.azure.com';
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
  /** URL of an object id, or of a path below it. */
  const urlOf = (path: string, version: string, query: Readonly<Record<string, string>> = {}) =>
    `${base}${path}?${new URLSearchParams({ 'api-version': version, ...query })}`;

  return {
    ask,
    urlOf,
    /** Every item of a list, across all pages; none if the listed object does not exist. */
    async listAll<Item>(item: z.ZodType<Item>, url: string): Promise<Item[]> {
      const Page = z.object({ value: z.array(item), nextLink: z.string().nullish() });
      const found: Item[] = [];
      for (let next: string | null | undefined = url; next; ) {
        const { status, body } = await ask(next, { allowed: [404] });
        if (status === 404) break;
        const page: z.infer<typeof Page> = Page.parse(body);
        found.push(...page.value);
        next = page.nextLink;
      }
      return found;
    },
  };
}
export type AzureClient = ReturnType<typeof createAzureClient>;

function credentialOf(env: NodeJS.ProcessEnv): TokenCredential {
  const { ARM_TENANT_ID: tenant, ARM_CLIENT_ID: client, ARM_CLIENT_SECRET: secret } = env;
  return tenant && client && secret ? new ClientSecretCredential(tenant, client, secret) : new DefaultAzureCredential();
}
