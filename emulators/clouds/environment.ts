import { delimiter, join } from 'node:path';
import { tables } from './tables.ts';

/** Where the doubles of the providers are; the engine finds them on PATH under the providers' names. */
const pluginFolder = join(import.meta.dirname, 'plugins');

/** What machines are told at their first boot; their doubles read the host contract alone. */
const hostSetup = {
  FREEHOLD_HOST_IMAGE: 'registry.freehold.localhost/freehold-server',
  ACME_EMAIL: 'certificates@freehold.localhost',
  ACME_FALLBACK_EAB_KEY_ID: 'double',
  ACME_FALLBACK_EAB_KEY: 'ZG91YmxlLWRvdWJsZS1kb3VibGU',
};

/**
 * What a process of the product is told on top, so that it works with the doubles of all clouds in place of the clouds:
 * its configuration alone makes the difference. `path` is the PATH that it has.
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

/** The clouds that have a double, for the configuration of who serves and sells them. */
export const doubledClouds: readonly string[] = tables.map(({ cloud }) => cloud);
