import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import { createLog } from '../../src/runtime/log.ts';
import { createCloudClient } from '../../src/stacks/local/cloud-client.ts';
import { openAuthority } from './authority.ts';
import { serveDns } from './dns.ts';
import { createProxy } from './proxy.ts';
import { createZone } from './zone.ts';

/**
 * The edge router of the embedded platform: replaces public DNS, certificate authorities and ingress. It answers for
 * the names that have a record at the small cloud and forwards their HTTPS to their hosts.
 */
const config = z
  .object({
    EDGE_HTTPS_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
    EDGE_DNS_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
    CLOUD_URL: z.url(),
    CLOUD_TOKEN: z.string(),
    EDGE_STATE: z.string(),
    EDGE_ZONE: z.string(),
  })
  .parse(process.env);

const log = createLog('edge');
const folder = resolve(config.EDGE_STATE);
mkdirSync(folder, { recursive: true, mode: 0o700 });
const cloud = createCloudClient({ url: config.CLOUD_URL, token: config.CLOUD_TOKEN });
const zone = createZone({ cloud, zone: config.EDGE_ZONE });
const authority = await openAuthority(folder);
const proxy = createProxy({ zone, authority, log });
proxy.listen(config.EDGE_HTTPS_PORT, '127.0.0.1');
const [dns] = await Promise.all([serveDns({ port: config.EDGE_DNS_PORT, zone, log }), once(proxy, 'listening')]);

const { port } = proxy.address() as AddressInfo;
const ready = { listening: `https://127.0.0.1:${port}`, dns: `127.0.0.1:${dns.port}`, ca: authority.caFile };
process.stdout.write(`${JSON.stringify(ready)}\n`);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    dns.socket.close();
    proxy.closeAllConnections();
    process.exit(0);
  });
}
