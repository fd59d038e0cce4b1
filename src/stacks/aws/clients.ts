import { DLMClient } from '@aws-sdk/client-dlm';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { IAMClient } from '@aws-sdk/client-iam';
import { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { Route53Client } from '@aws-sdk/client-route-53';

export interface RegionClients {
  ec2: EC2Client;
  tagging: ResourceGroupsTaggingAPIClient;
  balancing: ElasticLoadBalancingV2Client;
  dlm: DLMClient;
}

/**
 * The official clients, created on demand. They find credentials and endpoints by AWS's own rules (environment, shared
 * files, roles; AWS_ENDPOINT_URL), so we never handle them.
 */
export function createAwsClients() {
  const regions = new Map<string, RegionClients>();
  // Global services need any region.
  const global = { region: 'us-east-1' };
  const iam = new IAMClient(global);
  const route53 = new Route53Client(global);
  return {
    iam,
    route53,
    in(region: string): RegionClients {
      let clients = regions.get(region);
      if (!clients) {
        clients = {
          ec2: new EC2Client({ region }),
          tagging: new ResourceGroupsTaggingAPIClient({ region }),
          balancing: new ElasticLoadBalancingV2Client({ region }),
          dlm: new DLMClient({ region }),
        };
        regions.set(region, clients);
      }
      return clients;
    },
    close(): void {
      for (const client of [iam, route53, ...[...regions.values()].flatMap(Object.values)]) client.destroy();
    },
  };
}

export type AwsClients = ReturnType<typeof createAwsClients>;
