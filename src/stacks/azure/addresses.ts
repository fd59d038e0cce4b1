import { RecordSet } from '@pulumi/azure-native/dns/recordSet.js';
import { PublicIPAddress } from '@pulumi/azure-native/network/publicIPAddress.js';
import type { Input } from '@pulumi/pulumi';
import { recordOwner, relativeName } from './names.ts';
import type { Parts } from './parts.ts';

/** A reserved address in the given zones; with several it survives the failure of one. */
export function declareAddress({ nameOf, tagsOf, placement, inside }: Parts, resource: string, zones: string[]) {
  return new PublicIPAddress(
    resource,
    {
      ...placement,
      publicIpAddressName: nameOf(resource),
      sku: { name: 'Standard' },
      publicIPAllocationMethod: 'Static',
      publicIPAddressVersion: 'IPv4',
      zones,
      tags: tagsOf(resource),
    },
    inside({ ignoreChanges: ['zones'] }),
  );
}

/** The records of the server's hostnames, with the owner in their metadata. */
export function declareRecords({ spec, settings, inside }: Parts, address: Input<string>): RecordSet[] {
  return spec.hostnames.map((hostname) => {
    const resource = `record-${hostname}`;
    return new RecordSet(
      resource,
      {
        resourceGroupName: settings.group,
        zoneName: settings.dnsZone,
        relativeRecordSetName: relativeName(hostname, settings.dnsZone),
        recordType: 'A',
        ttl: 60,
        aRecords: [{ ipv4Address: address }],
        metadata: recordOwner(spec.instanceId, resource),
      },
      inside(),
    );
  });
}
