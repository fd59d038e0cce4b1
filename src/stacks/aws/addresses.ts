import { Eip } from '@pulumi/aws/ec2/eip.js';
import { Record } from '@pulumi/aws/route53/record.js';
import { all } from '@pulumi/pulumi';
import { ownerName, ownerText } from './names.ts';
import type { Parts } from './parts.ts';

export interface Addresses {
  /** One per node. */
  eips: Eip[];
  records: Record[];
}

/** A reserved address per node and the records of the hostnames, each beside a record of its owner. */
export function declareAddresses({ spec, tagsOf, inside }: Parts, { zoneId }: { zoneId: string }): Addresses {
  const eips = spec.nodes.map(({ name }) => {
    const resource = `address-${name}`;
    return new Eip(resource, { domain: 'vpc', tags: tagsOf(resource) }, inside());
  });
  const records = spec.hostnames.map((hostname) => {
    const owner = new Record(
      `owner-txt-${hostname}`,
      { zoneId, name: ownerName(hostname), type: 'TXT', ttl: 60, records: [ownerText(spec.instanceId)] },
      inside(),
    );
    // The owner record first, so that no hostname ever lacks one.
    return new Record(
      `record-${hostname}`,
      { zoneId, name: hostname, type: 'A', ttl: 60, records: all(eips.map(({ publicIp }) => publicIp)) },
      inside({ dependsOn: [owner] }),
    );
  });
  return { eips, records };
}
