import { getCACertificates } from 'node:tls';
import type { LicenceClientOptions, LicenceFetch } from './types.ts';

/** The usual proxy variables; the lower-case name wins, as in curl and undici. */
const proxyVariables = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'];

/**
 * How a client's requests are sent: by the global fetch if there is no proxy, otherwise by undici's with a proxy (by
 * CONNECT, so that TLS reaches the licence server itself) and with private authorities. undici is loaded with the first
 * request only, so a product that needs neither starts without it.
 */
export function createFetch({ proxy = 'environment', ca }: Pick<LicenceClientOptions, 'proxy' | 'ca'>): LicenceFetch {
  const byEnvironment = proxy === 'environment' && proxyVariables.some((name) => process.env[name]);
  if (ca === undefined && proxy === 'environment' && !byEnvironment) {
    return (url, init) => globalThis.fetch(url, init);
  }
  let carrier: Promise<LicenceFetch> | null = null;
  return async (url, init) => {
    carrier ??= loadCarrier(proxy, ca);
    return (await carrier)(url, init);
  };
}

async function loadCarrier(proxy: string, ca: string | undefined): Promise<LicenceFetch> {
  const { Agent, EnvHttpProxyAgent, fetch } = await import('undici');
  const trust = ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] };
  // An explicit proxy applies to every host; the environment may list exceptions.
  const given = proxy === 'environment' ? {} : { httpProxy: proxy, httpsProxy: proxy, noProxy: '' };
  const dispatcher =
    proxy === 'none'
      ? new Agent({ connect: trust })
      : new EnvHttpProxyAgent({ ...given, connect: trust, requestTls: trust, proxyTls: trust });
  return async (url, init) => {
    // undici's Request and Response are the platform's, under separate types.
    const answer: unknown = await fetch(url, { ...(init as Parameters<typeof fetch>[1]), dispatcher });
    return answer as Response;
  };
}
