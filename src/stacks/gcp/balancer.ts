import type { Address } from '@pulumi/gcp/compute/address.js';
import { ForwardingRule } from '@pulumi/gcp/compute/forwardingRule.js';
import { InstanceGroup } from '@pulumi/gcp/compute/instanceGroup.js';
import { InstanceGroupMembership } from '@pulumi/gcp/compute/instanceGroupMembership.js';
import { RegionBackendService } from '@pulumi/gcp/compute/regionBackendService.js';
import { RegionHealthCheck } from '@pulumi/gcp/compute/regionHealthCheck.js';
import { hostPorts } from '../../contracts/host-contract.ts';
import { type Machines, servingOf } from './machines.ts';
import type { Network } from './network.ts';
import type { Parts } from './parts.ts';

/**
 * Number of resources beside a group per node and a member per serving machine: address, health check, backend service,
 * forwarding rule.
 */
export const balancerResources = 4;

/**
 * A regional load balancer that forwards plain TCP, with one address for all zones: TLS ends at the hosts, and only
 * healthy machines get traffic. Nodes without a serving machine stay as empty groups.
 */
export function declareBalancer(
  { spec, nameOf, labelsOf, describe, inside }: Parts,
  { network, address, machines }: { network: Network; address: Address; machines: Machines },
): void {
  const groups = spec.nodes.map((node) => {
    const resource = `group-${node.name}`;
    const group = new InstanceGroup(
      resource,
      { name: nameOf(resource), zone: node.zone, network: network.vpc.id, description: describe(resource) },
      inside({ ignoreChanges: ['zone'] }),
    );
    const serving = servingOf(node, machines);
    if (serving) {
      // A separate resource, because a replaced machine leaves its group and gets the same address as before.
      new InstanceGroupMembership(
        `member-${node.name}`,
        { instanceGroup: group.name, instance: serving.selfLink, zone: group.zone },
        inside({ deleteBeforeReplace: true }),
      );
    }
    return group;
  });
  const check = new RegionHealthCheck(
    'health',
    {
      ...{ name: nameOf('health'), region: spec.region, description: describe('health') },
      ...{ checkIntervalSec: 10, timeoutSec: 5, healthyThreshold: 2, unhealthyThreshold: 2 },
      httpsHealthCheck: { port: 443, requestPath: '/healthz' },
    },
    inside(),
  );
  const service = new RegionBackendService(
    'service',
    {
      ...{ name: nameOf('service'), region: spec.region, description: describe('service') },
      ...{ loadBalancingScheme: 'EXTERNAL', protocol: 'TCP', healthChecks: check.id },
      // A node that is removed may finish its open connections.
      connectionDrainingTimeoutSec: 60,
      backends: groups.map(({ id }) => ({ group: id, balancingMode: 'CONNECTION' })),
    },
    inside(),
  );
  new ForwardingRule(
    'balancer',
    {
      ...{ name: nameOf('balancer'), region: spec.region, description: describe('balancer') },
      ...{ loadBalancingScheme: 'EXTERNAL', ipProtocol: 'TCP', networkTier: 'PREMIUM', ipAddress: address.address },
      ports: hostPorts.filter(({ protocol }) => protocol === 'tcp').map(({ port }) => String(port)),
      backendService: service.id,
      labels: labelsOf('balancer'),
    },
    inside(),
  );
}
