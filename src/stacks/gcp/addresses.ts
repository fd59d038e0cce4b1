import { Address } from '@pulumi/gcp/compute/address.js';
import { RecordSet } from '@pulumi/gcp/dns/recordSet.js';
import { all } from '@pulumi/pulumi';
import { ownerName, ownerText } from './names.ts';
import type { Parts } from './parts.ts';

export interface Addresses {
  /** The node's address; for three nodes that of their load balancer, one for all zones. */
  reserved: Address[];
  records: RecordSet[];
}

/** The reserved addresses and the records of the hostnames, each beside a record of its owner. */
export function declareAddresses(
  { spec, nameOf, labelsOf, describe, inside }: Parts,
  { managedZone }: { managedZone: string },
): Addresses {
  const owners = spec.nodes.length > 1 ? ['balancer'] : spec.nodes.map(({ name }) => name);
  const reserved = owners.map((owner) => {
    const resource = `address-${owner}`;
    return new Address(
      resource,
      {
        ...{ name: nameOf(resource), region: spec.region, addressType: 'EXTERNAL', networkTier: 'PREMIUM' },
        // Labels of an address are set by a second call.
        ...{ description: describe(resource), labels: labelsOf(resource) },
      },
      inside(),
    );
  });
  const records = spec.hostnames.map((hostname) => {
    const common = { managedZone, ttl: 60 };
    const owner = new RecordSet(
      `owner-txt-${hostname}`,
      { ...common, name: `${ownerName(hostname)}.`, type: 'TXT', rrdatas: [ownerText(spec.instanceId)] },
      inside(),
    );
    // The owner record first, so that no hostname ever lacks one.
    return new RecordSet(
      `record-${hostname}`,
      { ...common, name: `${hostname}.`, type: 'A', rrdatas: all(reserved.map(({ address }) => address)) },
      inside({ dependsOn: [owner] }),
    );
  });
  return { reserved, records };
}
