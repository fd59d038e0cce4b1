import { Firewall } from '@pulumi/gcp/compute/firewall.js';
import { Network as Vpc } from '@pulumi/gcp/compute/network.js';
import { Subnetwork } from '@pulumi/gcp/compute/subnetwork.js';
import { hostPorts } from '../../contracts/host-contract.ts';
import type { Parts } from './parts.ts';

export interface Network {
  vpc: Vpc;
  /** Regional: contains the machines of all its zones. */
  subnet: Subnetwork;
  /** The host contract's ports are open for machines with this network tag. */
  tag: string;
}

/**
 * A private network with a firewall that opens only the host contract's ports. Every network already has an egress
 * route and rule; ingress is denied unless a rule allows it.
 */
export function declareNetwork({ spec, nameOf, describe, inside }: Parts): Network {
  const vpc = new Vpc(
    'network',
    { name: nameOf('network'), autoCreateSubnetworks: false, description: describe('network') },
    inside(),
  );
  const subnet = new Subnetwork(
    'subnet',
    {
      ...{ name: nameOf('subnet'), network: vpc.id, region: spec.region, ipCidrRange: '10.0.0.0/24' },
      description: describe('subnet'),
    },
    inside(),
  );
  const tag = nameOf('host');
  const protocols = [...new Set(hostPorts.map(({ protocol }) => protocol))];
  new Firewall(
    'firewall',
    {
      ...{ name: nameOf('firewall'), network: vpc.id, direction: 'INGRESS', description: describe('firewall') },
      ...{ sourceRanges: ['0.0.0.0/0'], targetTags: [tag] },
      allows: protocols.map((protocol) => ({
        protocol,
        ports: hostPorts.filter((each) => each.protocol === protocol).map(({ port }) => String(port)),
      })),
    },
    inside(),
  );
  return { vpc, subnet, tag };
}
