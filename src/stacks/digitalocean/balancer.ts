import { LoadBalancer } from '@pulumi/digitalocean/loadBalancer.js';
import type { Network } from './network.ts';
import type { Parts } from './parts.ts';

/** Ports that the load balancer forwards as plain TCP: TLS ends at the hosts. */
const ports = [80, 443, 8883];

/**
 * The load balancer of three nodes. One health check covers all ports: a host's `/healthz` also covers its device
 * broker. A machine without a node's volume is not healthy, so only serving ones get traffic.
 */
export function declareBalancer({ spec, nameOf, inside }: Parts, { vpc, tag }: Network): LoadBalancer {
  return new LoadBalancer(
    'balancer',
    {
      name: nameOf('balancer'),
      region: spec.region,
      vpcUuid: vpc.id,
      dropletTag: tag.name,
      forwardingRules: ports.map((port) => ({
        ...{ entryPort: port, entryProtocol: 'tcp', targetPort: port, targetProtocol: 'tcp' },
      })),
      healthcheck: {
        ...{ protocol: 'https', port: 443, path: '/healthz' },
        ...{ checkIntervalSeconds: 10, responseTimeoutSeconds: 5, healthyThreshold: 2, unhealthyThreshold: 2 },
      },
    },
    inside(),
  );
}
