import type { LicenceFetch } from '../licence/client/types.ts';

/**
 * A fetch that resolves and trusts as configured. Without configuration nothing of it is loaded, which would cost a
 * tenth of the start.
 */
export function configuredFetch(): LicenceFetch | undefined {
  if (!process.env.FREEHOLD_DNS_SERVER && !process.env.FREEHOLD_CA_FILE) return undefined;
  const loading = Promise.all([import('undici'), import('../runtime/reach.ts')]).then(
    ([{ fetch }, { reachFromEnvironment }]) => ({ fetch, dispatcher: reachFromEnvironment().dispatcher }),
  );
  return async (url, init) => {
    const { fetch, dispatcher } = await loading;
    const answer: unknown = await fetch(url, { ...(init as Parameters<typeof fetch>[1]), dispatcher });
    return answer as Response;
  };
}
