import { GoogleAuth } from 'google-auth-library';
import { z } from 'zod';
import { ReasonError } from '../../contracts/reasons.ts';
import { restClient } from '../cloud-view.ts';
import { gcpReasonOf } from './errors.ts';
import { projectIn } from './settings.ts';

const Document = z.looseObject({ type: z.string() });

/**
 * Google Cloud's REST API, with application default credentials or the document that its provider accepts. The
 * addresses are base URLs that end with a slash, read from the provider's own variables.
 */
export function createGcpClient(env: NodeJS.ProcessEnv) {
  const ready = env.GOOGLE_OAUTH_ACCESS_TOKEN;
  const auth = new GoogleAuth({
    scopes: ['https://www.googleapis.com/auth/cloud-platform'],
    ...documentOf(env.GOOGLE_CREDENTIALS),
  });

  async function token(): Promise<string> {
    if (ready) return ready;
    try {
      return (await auth.getAccessToken()) ?? '';
    } catch (error) {
      const { message } = error as Error;
      const none = /default credentials/.test(message);
      throw new ReasonError(none ? 'cloud_not_enabled' : 'cloud_credentials_expired', message, { cause: error });
    }
  }

  return {
    ask: restClient({ token, reasonOf: gcpReasonOf }),
    async project(): Promise<string> {
      const given = projectIn(env);
      if (given) return given;
      return auth.getProjectId().catch((error: unknown) => {
        throw new ReasonError('cloud_not_enabled', 'GOOGLE_PROJECT names no project', { cause: error });
      });
    },
    manager: env.GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT || 'https://cloudresourcemanager.googleapis.com/v1/',
    compute: env.GOOGLE_COMPUTE_CUSTOM_ENDPOINT || 'https://compute.googleapis.com/compute/v1/',
    dns: env.GOOGLE_DNS_CUSTOM_ENDPOINT || 'https://dns.googleapis.com/dns/v1/',
  };
}
export type GcpClient = ReturnType<typeof createGcpClient>;

/** The provider accepts a document or its path in this variable. */
function documentOf(given: string | undefined) {
  if (!given) return {};
  if (!given.trimStart().startsWith('{')) return { keyFile: given };
  return { credentials: Document.parse(JSON.parse(given)) };
}
