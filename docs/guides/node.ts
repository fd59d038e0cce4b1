import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createLicenceClient } from '../../src/licence/client/client.ts';

/**
 * A minimal licensed product, for the guides. It activates itself or checks once, prints what the licence allows as one
 * line of JSON, and exits; like every product it keeps its seat, and `--release` releases it.
 */
const { values } = parseArgs({
  options: {
    name: { type: 'string', default: 'n1' },
    cluster: { type: 'string' },
    version: { type: 'string', default: '1.4.2' },
    /** Folder of the state file; created if missing. */
    data: { type: 'string' },
    /** For a node without internet: licence file, and the public keys of the server. */
    file: { type: 'string' },
    keys: { type: 'string' },
    release: { type: 'boolean', default: false },
  },
});
const { name, cluster, version, data = '.', file, keys, release } = values;

const licence = createLicenceClient({
  serverUrl: process.env.LICENCE_SERVER ?? '',
  licenseKey: process.env.LICENCE_KEY,
  stateFile: join(data, 'licence.json'),
  product: 'example-product',
  version,
  node: { name, clusterId: cluster },
  offlineFile: file,
  publicKeys: keys === undefined ? undefined : JSON.parse(readFileSync(keys, 'utf8')),
});
await licence.start();
const { state, plan, limits, notices, reason } = await licence.check();
const why = reason ? { num: reason.num, code: reason.code, text: reason.text } : undefined;
console.log(JSON.stringify({ node: name, state, plan, limits, notices: notices.map(({ code }) => code), reason: why }));
await (release ? licence.release() : licence.stop());
