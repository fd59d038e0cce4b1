import { DefaultRouteTable } from '@pulumi/aws/ec2/defaultRouteTable.js';
import { InternetGateway } from '@pulumi/aws/ec2/internetGateway.js';
import { SecurityGroup } from '@pulumi/aws/ec2/securityGroup.js';
import { Subnet } from '@pulumi/aws/ec2/subnet.js';
import { Vpc } from '@pulumi/aws/ec2/vpc.js';
import { SecurityGroupEgressRule } from '@pulumi/aws/vpc/securityGroupEgressRule.js';
import { SecurityGroupIngressRule } from '@pulumi/aws/vpc/securityGroupIngressRule.js';
import { hostPorts } from '../../contracts/host-contract.ts';
import type { Parts } from './parts.ts';

export interface Network {
  vpc: Vpc;
  /** One per node, in its zone. */
  subnets: Subnet[];
  securityGroup: SecurityGroup;
}

/** A private network: a subnet per node, egress, and a firewall that opens only the host contract's ports. */
export function declareNetwork({ spec, nameOf, tagsOf, inside }: Parts): Network {
  const vpc = new Vpc(
    'network',
    { cidrBlock: '10.0.0.0/16', enableDnsSupport: true, enableDnsHostnames: true, tags: tagsOf('network') },
    inside(),
  );
  const gateway = new InternetGateway('gateway', { vpcId: vpc.id, tags: tagsOf('gateway') }, inside());
  const routes = [{ cidrBlock: '0.0.0.0/0', gatewayId: gateway.id }];
  // The network's default table, which all its subnets use: a separate table would need an association with each, and
  // associations have no tags, so one missing from the state could be neither found nor created again.
  new DefaultRouteTable(
    'routes',
    { defaultRouteTableId: vpc.defaultRouteTableId, routes, tags: tagsOf('routes') },
    inside(),
  );

  const subnets = spec.nodes.map(({ name, zone }, index) => {
    const resource = `subnet-${name}`;
    return new Subnet(
      resource,
      { vpcId: vpc.id, cidrBlock: `10.0.${index}.0/24`, availabilityZone: zone, tags: tagsOf(resource) },
      inside({ ignoreChanges: ['availabilityZone'] }),
    );
  });

  const securityGroup = new SecurityGroup(
    'firewall',
    { name: nameOf('firewall'), description: 'Private server', vpcId: vpc.id, tags: tagsOf('firewall') },
    inside(),
  );
  for (const { name, port, protocol } of hostPorts) {
    const resource = `port-${name}`;
    const from = { cidrIpv4: '0.0.0.0/0', ipProtocol: protocol, fromPort: port, toPort: port };
    new SecurityGroupIngressRule(
      resource,
      { securityGroupId: securityGroup.id, ...from, description: name, tags: tagsOf(resource) },
      inside(),
    );
  }
  // Images, updates, certificates, the licence server and the cloud's agent are all reached by outbound connections.
  new SecurityGroupEgressRule(
    'outbound',
    { securityGroupId: securityGroup.id, cidrIpv4: '0.0.0.0/0', ipProtocol: '-1', tags: tagsOf('outbound') },
    inside(),
  );
  return { vpc, subnets, securityGroup };
}
