import type { Eip } from '@pulumi/aws/ec2/eip.js';
import { Listener } from '@pulumi/aws/lb/listener.js';
import { LoadBalancer } from '@pulumi/aws/lb/loadBalancer.js';
import { TargetGroup } from '@pulumi/aws/lb/targetGroup.js';
import { TargetGroupAttachment } from '@pulumi/aws/lb/targetGroupAttachment.js';
import { type Machines, servingOf } from './machines.ts';
import type { Network } from './network.ts';
import type { Parts } from './parts.ts';

/** Ports that the load balancer forwards as plain TCP: TLS ends at the hosts. */
const services = [
  { name: 'http', port: 80, healthCheck: { protocol: 'TCP' } },
  { name: 'https', port: 443, healthCheck: { protocol: 'HTTPS', path: '/healthz', matcher: '200' } },
  { name: 'mqtts', port: 8883, healthCheck: { protocol: 'TCP' } },
] as const;

/** Number of resources beside a target per service and serving machine. */
export const balancerResources = 1 + services.length * 2;
export const balancedServices = services.length;

/** A network load balancer with the nodes' addresses, one in each zone; only healthy machines get traffic. */
export function declareBalancer(
  { spec, nameOf, tagsOf, inside }: Parts,
  { network, eips, machines }: { network: Network; eips: Eip[]; machines: Machines },
): void {
  const balancer = new LoadBalancer(
    'balancer',
    {
      name: nameOf('nlb'),
      loadBalancerType: 'network',
      internal: false,
      enableCrossZoneLoadBalancing: true,
      subnetMappings: network.subnets.map(({ id }, index) => ({ subnetId: id, allocationId: eips[index]!.id })),
      tags: tagsOf('balancer'),
    },
    inside(),
  );
  for (const { name, port, healthCheck } of services) {
    const group = new TargetGroup(
      `group-${name}`,
      {
        ...{ name: nameOf(name), port, protocol: 'TCP', targetType: 'instance', vpcId: network.vpc.id },
        // A node that is removed may finish its open connections.
        deregistrationDelay: 60,
        healthCheck: { ...healthCheck, interval: 10, healthyThreshold: 2, unhealthyThreshold: 2 },
        tags: tagsOf(`group-${name}`),
      },
      inside(),
    );
    new Listener(
      `listener-${name}`,
      {
        loadBalancerArn: balancer.arn,
        port,
        protocol: 'TCP',
        defaultActions: [{ type: 'forward', targetGroupArn: group.arn }],
        tags: tagsOf(`listener-${name}`),
      },
      inside(),
    );
    for (const node of spec.nodes) {
      const serving = servingOf(node, machines);
      if (!serving) continue;
      new TargetGroupAttachment(
        `target-${name}-${node.name}`,
        { targetGroupArn: group.arn, targetId: serving.id, port },
        inside({ deleteBeforeReplace: true }),
      );
    }
  }
}
