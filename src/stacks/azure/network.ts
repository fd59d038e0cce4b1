import { NetworkSecurityGroup } from '@pulumi/azure-native/network/networkSecurityGroup.js';
import { Subnet } from '@pulumi/azure-native/network/subnet.js';
import { VirtualNetwork } from '@pulumi/azure-native/network/virtualNetwork.js';
import { hostPorts } from '../../contracts/host-contract.ts';
import type { Parts } from './parts.ts';

const protocols = { tcp: 'Tcp', udp: 'Udp' } as const;

/**
 * A private network with one subnet, which spans all zones at Azure, and a firewall that opens only the host contract's
 * ports. Azure additionally allows traffic from the network itself and from its own probes.
 */
export function declareNetwork({ nameOf, tagsOf, placement, inside }: Parts): Subnet {
  const network = new VirtualNetwork(
    'network',
    {
      ...placement,
      virtualNetworkName: nameOf('network'),
      addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
      tags: tagsOf('network'),
    },
    inside(),
  );
  const firewall = new NetworkSecurityGroup(
    'firewall',
    {
      ...placement,
      networkSecurityGroupName: nameOf('firewall'),
      securityRules: hostPorts.map(({ name, port, protocol }, index) => ({
        ...{ name, priority: 100 + index * 10, direction: 'Inbound', access: 'Allow' },
        ...{ protocol: protocols[protocol], sourceAddressPrefix: '*', sourcePortRange: '*' },
        ...{ destinationAddressPrefix: '*', destinationPortRange: String(port) },
      })),
      tags: tagsOf('firewall'),
    },
    inside(),
  );
  return new Subnet(
    'subnet',
    {
      resourceGroupName: placement.resourceGroupName,
      virtualNetworkName: network.name,
      subnetName: nameOf('subnet'),
      addressPrefix: '10.0.0.0/24',
      networkSecurityGroup: { id: firewall.id },
      // Every machine has an address; Azure's default egress is being retired.
      defaultOutboundAccess: false,
    },
    inside(),
  );
}
