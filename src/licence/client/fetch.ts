import { getCACertificates } from 'node:tls';
import type { LicenceClientOptions, LicenceFetch } from './types.ts';

/** Where proxies stand by custom; the lower-case name wins, as curl and undici have it. */
const proxyVariables = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'];

/**
 * What carries the requests of a client: the global fetch where nothing stands in between, else undici's with a proxy
 * (by CONNECT, so that TLS reaches the licence server itself) and with authorities of one's own. undici is loaded with
 * the first request only, so a product that needs neither starts without it.
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
  // An address of its own holds for every name; the environment's may name exceptions.
  const given = proxy === 'environment' ? {} : { httpProxy: proxy, httpsProxy: proxy, noProxy: '' };
  const dispatcher =
    proxy === 'none'
      ? new Agent({ connect: trust })
      : new EnvHttpProxyAgent({ ...given, connect: trust, requestTls: trust, proxyTls: trust });
  return async (url, init) => {
    // undici's own Request and Response are those of the platform, under types of their own.
    const answer: unknown = await fetch(url, { ...(init as Parameters<typeof fetch>[1]), dispatcher });
    return answer as Response;
  };
}
