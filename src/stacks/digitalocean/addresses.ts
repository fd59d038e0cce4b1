import { DnsRecord } from '@pulumi/digitalocean/dnsRecord.js';
import { ReservedIp } from '@pulumi/digitalocean/reservedIp.js';
import { type Output, output, type Resource } from '@pulumi/pulumi';
import { addressText, hostnameText, ownerName, relativeName } from './names.ts';
import type { Parts } from './parts.ts';

/** DigitalOcean's minimum is 30 s. */
const ttl = 60;

/** The reserved address of each node, and a text record that names its owner. */
export function declareAddresses({ spec, inside }: Parts, { domain }: { domain: string }): ReservedIp[] {
  return spec.nodes.map(({ name }) => {
    const address = new ReservedIp(`address-${name}`, { region: spec.region }, inside());
    const note = { domain, name: ownerName(spec.instanceId), type: 'TXT', ttl };
    new DnsRecord(
      `address-txt-${name}`,
      { ...note, value: address.ipAddress.apply((ip) => addressText(name, ip)) },
      inside(),
    );
    return address;
  });
}

/** The record of each hostname, with a text record that names its owner. */
export function declareRecords(
  { spec, inside }: Parts,
  { domain, address }: { domain: string; address: Output<string> },
): Resource[] {
  return spec.hostnames.map((hostname) => {
    const owner = new DnsRecord(
      `owner-txt-${hostname}`,
      { domain, name: ownerName(spec.instanceId), type: 'TXT', ttl, value: hostnameText(hostname) },
      inside(),
    );
    // The owner record first, so that no hostname ever lacks one.
    return new DnsRecord(
      `record-${hostname}`,
      { domain, name: relativeName(hostname, domain), type: 'A', ttl, value: output(address) },
      inside({ dependsOn: [owner] }),
    );
  });
}
