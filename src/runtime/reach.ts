import { Resolver } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { isIP, type LookupFunction } from 'node:net';
import { rootCertificates } from 'node:tls';
import { Agent, type Dispatcher } from 'undici';

/**
 * How our own clients reach the hostnames that Freehold sells: one resolver and one set of trusted authorities, both
 * configured. By default those of the system.
 */
export interface ReachOptions {
  /** `address:port` of the DNS server; the system's resolver if absent. */
  dnsServer?: string | undefined;
  /** PEM file of an additional certificate authority. */
  caFile?: string | undefined;
}

export interface Reach {
  /** Addresses of a name according to the configured resolver; empty if the name does not exist. */
  resolve(name: string): Promise<string[]>;
  /** Dispatcher for undici's fetch: resolves and trusts as configured; SNI and Host are those of the URL. */
  dispatcher: Dispatcher;
  /** The trusted authorities, PEM. */
  ca: string[];
  close(): Promise<void>;
}

/** Reads the environment variables that every process uses for its reach. */
export function reachFromEnvironment(env: NodeJS.ProcessEnv = process.env): Reach {
  return createReach({ dnsServer: env.FREEHOLD_DNS_SERVER, caFile: env.FREEHOLD_CA_FILE });
}

export function createReach(options: ReachOptions): Reach {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  if (options.dnsServer) resolver.setServers([options.dnsServer]);
  const ca = options.caFile ? [...rootCertificates, readFileSync(options.caFile, 'utf8')] : [...rootCertificates];

  async function resolve(name: string): Promise<string[]> {
    try {
      return await resolver.resolve4(name);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOTFOUND' || code === 'ENODATA') return [];
      throw error;
    }
  }

  const lookup: LookupFunction = (name, lookupOptions, callback) => {
    resolve(name).then(
      (addresses) => {
        const [first] = addresses;
        if (!first) return callback(Object.assign(new Error(`no address for ${name}`), { code: 'ENOTFOUND' }), '', 4);
        if (lookupOptions.all)
          return callback(
            null,
            addresses.map((address) => ({ address, family: isIP(address) })),
          );
        return callback(null, first, isIP(first));
      },
      (error) => callback(error, '', 4),
    );
  };

  const dispatcher = new Agent({ connect: { ca, ...(options.dnsServer ? { lookup } : {}) } });
  return { resolve, dispatcher, ca, close: () => dispatcher.close() };
}
