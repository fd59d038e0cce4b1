import { Firewall } from '@pulumi/digitalocean/firewall.js';
import { Tag } from '@pulumi/digitalocean/tag.js';
import { Vpc } from '@pulumi/digitalocean/vpc.js';
import { hostPorts } from '../../contracts/host-contract.ts';
import { instanceTag } from './names.ts';
import type { Parts } from './parts.ts';

const anywhere = ['0.0.0.0/0', '::/0'];

export interface Network {
  vpc: Vpc;
  /** Firewall and load balancer select machines by this tag. */
  tag: Tag;
}

/** A private network, and a firewall that opens only the host contract's ports, from a machine's first moment on. */
export function declareNetwork({ spec, nameOf, inside }: Parts): Network {
  const vpc = new Vpc('network', { name: nameOf('network'), region: spec.region }, inside());
  const tag = new Tag('tag', { name: instanceTag(spec.instanceId) }, inside());
  new Firewall(
    'firewall',
    {
      name: nameOf('firewall'),
      tags: [tag.name],
      inboundRules: hostPorts.map(({ port, protocol }) => ({
        ...{ protocol, portRange: String(port), sourceAddresses: anywhere },
      })),
      // Without these nothing gets out: images, updates, certificates and the licence server are reached by outbound
      // connections.
      outboundRules: [
        { protocol: 'tcp', portRange: 'all', destinationAddresses: anywhere },
        { protocol: 'udp', portRange: 'all', destinationAddresses: anywhere },
        { protocol: 'icmp', destinationAddresses: anywhere },
      ],
    },
    inside(),
  );
  return { vpc, tag };
}
