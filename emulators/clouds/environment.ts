import { delimiter, join } from 'node:path';
import { catalogue } from '../../src/domain/catalogue/catalogue-data.ts';
import { tables } from './tables.ts';

/** Folder of the emulated providers; the engine finds them on PATH under the providers' names. */
const pluginFolder = join(import.meta.dirname, 'plugins');

/** Emulated machines pull no image. */
const anyDigest = `sha256:${'0'.repeat(64)}`;

/** First-boot configuration of machines; emulated ones read only the host contract. */
const hostSetup = {
  FREEHOLD_HOST_IMAGE: 'registry.freehold.localhost/freehold-server',
  FREEHOLD_HOST_IMAGE_DIGESTS: `${catalogue.product.version}=${anyDigest}`,
  FREEHOLD_TLS_IMAGE: `docker.io/library/caddy@${anyDigest}`,
  ACME_EMAIL: 'certificates@freehold.localhost',
  ACME_FALLBACK_EAB_KEY_ID: 'double',
  ACME_FALLBACK_EAB_KEY: 'ZG91YmxlLWRvdWJsZS1kb3VibGU',
};

/**
 * Additional environment of a product process, so that it uses the emulators of all clouds: only its configuration
 * differs. `path` is its PATH.
 */
export function doublesEnvironment(options: {
  cloudUrl: string;
  path: string;
  cacheFolder: string;
}): Record<string, string> {
  const settings = tables.map((table) => table.environment(new URL(`/v1/wire/${table.cloud}`, options.cloudUrl).href));
  return {
    ...hostSetup,
    ...Object.assign({}, ...settings),
    PATH: [pluginFolder, options.path].join(delimiter),
    FREEHOLD_DOUBLES_CACHE: options.cacheFolder,
  };
}

/** The emulated clouds, for the configuration of provision workers and catalogue. */
export const doubledClouds: readonly string[] = tables.map(({ cloud }) => cloud);
