import { join } from 'node:path';
import type { HostContract } from '../contracts/host-contract.ts';
import { createLicenceClient } from '../licence/client/client.ts';
import type { LicenceClient } from '../licence/client/types.ts';
import { LicenceKeys } from '../licence/protocol/verdict.ts';
import type { Log } from '../runtime/log.ts';
import { configuredFetch } from './configured-fetch.ts';
import { licenceClock } from './licence-clock.ts';

/** Code of this product at the licence server; verdicts for another product are refused. */
const product = 'freehold-server';

export type HostLicence = Pick<LicenceClient, 'start' | 'stop' | 'release' | 'status' | 'onStop'>;

/** The licence of this node; its state is on the data volume, so a reboot redeems nothing. */
export function createHostLicence({
  contract,
  dataFolder,
  log,
  usage,
}: {
  contract: HostContract;
  dataFolder: string;
  log: Log;
  usage: () => Record<string, number>;
}): HostLicence {
  return createLicenceClient({
    serverUrl: contract.licence.serverUrl,
    stateFile: join(dataFolder, 'licence.json'),
    product,
    version: contract.productVersion,
    node: { name: contract.nodeName, clusterId: contract.instanceId, hostname: contract.hostnames[0] },
    enrollmentToken: contract.licence.enrollmentToken,
    publicKeys: LicenceKeys.parse(contract.licence.publicKeys),
    fetch: configuredFetch(),
    usage,
    clock: licenceClock,
    log: ({ level, message, detail }) => log[level]({ part: 'licence', ...detail }, message),
  });
}
