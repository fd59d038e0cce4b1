import { LoadBalancer } from '@pulumi/azure-native/network/loadBalancer.js';
import type { PublicIPAddress } from '@pulumi/azure-native/network/publicIPAddress.js';
import { interpolate, type Output } from '@pulumi/pulumi';
import { idIn } from './names.ts';
import type { Parts } from './parts.ts';

/** Ports that the load balancer forwards as plain TCP: TLS ends at the hosts. */
const services = [
  { name: 'http', port: 80, probe: { protocol: 'Tcp' } },
  { name: 'https', port: 443, probe: { protocol: 'Https', requestPath: '/healthz' } },
  { name: 'mqtts', port: 8883, probe: { protocol: 'Tcp' } },
] as const;

/**
 * A load balancer with the server's address, across all zones; only healthy machines get traffic. Returns its pool's
 * id.
 */
export function declareBalancer(parts: Parts, address: PublicIPAddress): Output<string> {
  const { settings, nameOf, tagsOf, placement, inside } = parts;
  const loadBalancerName = nameOf('balancer');
  const scope = { subscription: settings.subscription, group: nameOf('group') };
  const part = (kind: string, name: string) => ({
    id: idIn(scope, `Microsoft.Network/loadBalancers/${loadBalancerName}/${kind}/${name}`),
  });
  const balancer = new LoadBalancer(
    'balancer',
    {
      ...placement,
      loadBalancerName,
      sku: { name: 'Standard' },
      frontendIPConfigurations: [{ name: 'address', publicIPAddress: { id: address.id } }],
      backendAddressPools: [{ name: 'hosts' }],
      probes: services.map(({ name, port, probe }) => ({
        ...{ name, port, ...probe, intervalInSeconds: 10, probeThreshold: 2 },
      })),
      loadBalancingRules: services.map(({ name, port }) => ({
        ...{ name, protocol: 'Tcp', frontendPort: port, backendPort: port, enableTcpReset: true },
        frontendIPConfiguration: part('frontendIPConfigurations', 'address'),
        backendAddressPool: part('backendAddressPools', 'hosts'),
        probe: part('probes', name),
        // Machines have their own egress.
        disableOutboundSnat: true,
      })),
      tags: tagsOf('balancer'),
    },
    inside(),
  );
  return interpolate`${balancer.id}/backendAddressPools/hosts`;
}
