import type { ErrorTexts } from '../rule-table.ts';

/** AWS's names of the types in its codes: `InvalidVolume.NotFound`. */
const kinds: Readonly<Record<string, string>> = {
  Vpc: 'VpcID',
  InternetGateway: 'InternetGatewayID',
  Subnet: 'SubnetID',
  DefaultRouteTable: 'RouteTableID',
  SecurityGroup: 'Group',
  Eip: 'AllocationID',
  Instance: 'InstanceID',
};

const creating: Readonly<Record<string, { operation: string; title: string }>> = {
  Instance: { operation: 'RunInstances', title: 'creating EC2 Instance' },
  Volume: { operation: 'CreateVolume', title: 'creating EBS Volume' },
  Eip: { operation: 'AllocateAddress', title: 'creating EC2 EIP' },
  Vpc: { operation: 'CreateVpc', title: 'creating EC2 VPC' },
};

/** Codes for a name that is already taken. */
const taken: Readonly<Record<string, string>> = {
  Role: 'EntityAlreadyExists',
  InstanceProfile: 'EntityAlreadyExists',
  SecurityGroup: 'InvalidGroup.Duplicate',
  SecurityGroupIngressRule: 'InvalidPermission.Duplicate',
  SecurityGroupEgressRule: 'InvalidPermission.Duplicate',
  Subnet: 'InvalidSubnet.Conflict',
};

const last = (type: string) => type.split(':').at(-1) ?? type;
const howTo = (type: string) =>
  creating[last(type)] ?? { operation: `Create${last(type)}`, title: `creating ${last(type)}` };

const answer = 'https response error StatusCode: 400, RequestID: 00000000-0000-4000-8000-000000000000';

/** An API error in the format of version 2 of the Go client, which the provider passes on. */
export function awsError(operation: string, code: string, sentence: string): string {
  const service = operation === 'ChangeResourceRecordSets' ? 'Route 53' : 'EC2';
  return `operation error ${service}: ${operation}, ${answer}, api error ${code}: ${sentence}`;
}

function refusing(code: string, sentence: (about: { zone: string }) => string) {
  return ({ type, zone }: { type: string; zone: string }) =>
    `${howTo(type).title}: ${awsError(howTo(type).operation, code, sentence({ zone }))}`;
}

export const awsErrorTexts: ErrorTexts = {
  missing: ({ type, id }) =>
    awsError(
      `Describe${last(type)}s`,
      `Invalid${kinds[last(type)] ?? last(type)}.NotFound`,
      `The ${last(type)} '${id}' does not exist`,
    ),
  inUse: ({ type, id, by }) =>
    awsError(
      `Delete${last(type)}`,
      last(type) === 'Volume' ? 'VolumeInUse' : 'DependencyViolation',
      `${id} has dependencies and cannot be deleted (${by})`,
    ),
  taken({ type, name }) {
    if (last(type) === 'Record') {
      const sentence = `[Tried to create resource record set [name='${name}'] but it already exists]`;
      return awsError('ChangeResourceRecordSets', 'InvalidChangeBatch', sentence);
    }
    const code = taken[last(type)] ?? `Duplicate${last(type)}Name`;
    return awsError(howTo(type).operation, code, `${last(type)} ${name} already exists.`);
  },
  protected: ({ id, input }) =>
    awsError(
      'TerminateInstances',
      'OperationNotPermitted',
      `The instance '${id}' may not be terminated. Modify its '${input}' instance attribute and try again.`,
    ),
  scripted: {
    quota: refusing('VcpuLimitExceeded', () => {
      const limit = 'your current vCPU limit of 32 allows for the instance bucket that the specified type belongs to';
      return `You have requested more vCPU capacity than ${limit}.`;
    }),
    capacity: refusing('InsufficientInstanceCapacity', ({ zone }) => {
      const where = zone ? ` in the Availability Zone you requested (${zone})` : '';
      return `We currently do not have sufficient capacity${where}. Our system will be working on provisioning more.`;
    }),
    throttled: refusing('RequestLimitExceeded', () => 'Request limit exceeded.'),
    expired: refusing('ExpiredToken', () => 'The security token included in the request is expired'),
    denied: refusing('UnauthorizedOperation', () => 'You are not authorized to perform this operation.'),
    unavailable: refusing('ServiceUnavailable', () => 'The service is unavailable. Please try again shortly.'),
  },
};
