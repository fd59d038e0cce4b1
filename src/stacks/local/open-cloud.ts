import { ReasonError } from '../../contracts/reasons.ts';
import { createCloudClient } from './cloud-client.ts';

/**
 * The small cloud that the environment names, and the mapping of its errors. Throws `internal` if the environment names
 * none; errors inside `orUnavailable` become `cloud_unavailable`.
 */
export function openCloud(env: NodeJS.ProcessEnv) {
  const { LOCAL_CLOUD_URL: url, LOCAL_CLOUD_TOKEN: token } = env;
  if (!url || !token) throw new ReasonError('internal', 'LOCAL_CLOUD_URL and LOCAL_CLOUD_TOKEN must be set');

  async function orUnavailable<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw new ReasonError('cloud_unavailable', error instanceof Error ? error.message : String(error), {
        cause: error,
      });
    }
  }

  return { cloud: createCloudClient({ url, token }), orUnavailable };
}
