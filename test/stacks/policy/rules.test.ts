import { describe, expect, test } from '@jest/globals';
import { hostPorts } from '../../../src/contracts/host-contract.ts';
import type { CloudName, PrivateServerSpec } from '../../../src/contracts/stack.ts';
import { concealed, type DeclaredResource, later } from '../../../src/stacks/policy/declared.ts';
import { violationsOf } from '../../../src/stacks/policy/rules.ts';
import { tagsOf } from '../../../src/stacks/private-server.ts';

const instanceId = 'i0123456789abcdef';
const token = 'enrolment-token-of-the-test';

const specOf = (cloud: CloudName): PrivateServerSpec => ({
  ...{ instanceId, cloud, region: 'home', diskGib: 10, hostnames: ['acme.example.org'] },
  nodes: [{ name: 'node-1', zone: 'a', machines: [], serving: null }],
  tags: { 'freehold:plan': 'MAKER' },
});

type Props = Record<string, unknown>;
interface Declaration {
  type: string;
  name: string;
  props: Props;
  protect?: boolean;
}

const physical = (name: string) => `${instanceId}-${name}`;
const tags = (cloud: CloudName, name: string) => tagsOf(specOf(cloud), name);
const awsTags = (name: string) => ({ ...tags('aws', name), Name: physical(name) });
const labels = (name: string) =>
  Object.fromEntries(
    Object.entries(tags('gcp', name)).map(([key, value]) => [key.replace(':', '-'), value.toLowerCase()]),
  );
const list = (name: string) => Object.entries(tags('digitalocean', name)).map(([key, value]) => `${key}:${value}`);

/** A valid server on each cloud, as far as the policies check it. */
const sound: Record<CloudName, Declaration[]> = {
  aws: [
    {
      ...{ type: 'aws:ebs/volume:Volume', name: 'volume', protect: true },
      props: { encrypted: true, tags: awsTags('volume') },
    },
    {
      ...{ type: 'aws:ec2/instance:Instance', name: 'host' },
      props: {
        rootBlockDevice: { encrypted: true },
        metadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 1 },
        userData: concealed,
        subnetId: later,
        tags: awsTags('host'),
      },
    },
    {
      ...{ type: 'aws:iam/role:Role', name: 'role-host' },
      props: { name: physical('role-host'), permissionsBoundary: 'arn', tags: awsTags('role-host') },
    },
    {
      ...{ type: 'aws:ec2/securityGroup:SecurityGroup', name: 'firewall' },
      props: { name: physical('firewall'), tags: awsTags('firewall') },
    },
    ...hostPorts.map(({ name, port, protocol }) => ({
      ...{ type: 'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule', name: `port-${name}` },
      props: {
        cidrIpv4: '0.0.0.0/0',
        ipProtocol: protocol,
        fromPort: port,
        toPort: port,
        tags: awsTags(`port-${name}`),
      },
    })),
    {
      ...{ type: 'aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule', name: 'way-out' },
      props: { cidrIpv4: '0.0.0.0/0', ipProtocol: '-1', tags: awsTags('way-out') },
    },
    { type: 'aws:route53/record:Record', name: 'record', props: { name: 'acme.example.org', records: later } },
    { type: 'pulumi:providers:aws', name: 'aws', props: { region: 'eu-west-1' } },
  ],
  digitalocean: [
    {
      ...{ type: 'digitalocean:index/volume:Volume', name: 'volume', protect: true },
      props: { name: physical('volume'), tags: list('volume') },
    },
    {
      ...{ type: 'digitalocean:index/droplet:Droplet', name: 'host' },
      props: { name: physical('host'), dropletAgent: false, userData: concealed, tags: list('host') },
    },
    {
      ...{ type: 'digitalocean:index/firewall:Firewall', name: 'firewall' },
      props: {
        name: physical('firewall'),
        inboundRules: hostPorts.map(({ port, protocol }) => ({ protocol, portRange: String(port) })),
        outboundRules: [{ protocol: 'tcp', portRange: '1-65535' }],
      },
    },
    { type: 'digitalocean:index/reservedIp:ReservedIp', name: 'address', props: { region: 'fra1' } },
  ],
  gcp: [
    {
      ...{ type: 'gcp:compute/disk:Disk', name: 'volume', protect: true },
      props: { name: physical('volume'), labels: labels('volume') },
    },
    {
      ...{ type: 'gcp:compute/instance:Instance', name: 'host' },
      props: {
        name: physical('host'),
        labels: labels('host'),
        metadata: { 'user-data': concealed, 'block-project-ssh-keys': 'TRUE', 'enable-oslogin': 'TRUE' },
        shieldedInstanceConfig: { enableSecureBoot: true },
      },
    },
    {
      ...{ type: 'gcp:compute/firewall:Firewall', name: 'firewall' },
      props: {
        name: physical('firewall'),
        allows: [
          { protocol: 'tcp', ports: ['80', '443', '8883'] },
          { protocol: 'udp', ports: ['443'] },
          { protocol: 'icmp' },
        ],
      },
    },
    {
      ...{ type: 'gcp:compute/firewall:Firewall', name: 'way-out' },
      props: { name: physical('way-out'), direction: 'EGRESS', allows: [{ protocol: 'all' }] },
    },
  ],
  azure: [
    {
      ...{ type: 'azure-native:compute/v20240302:Disk', name: 'volume', protect: true },
      props: { diskName: physical('volume'), tags: tags('azure', 'volume') },
    },
    {
      ...{ type: 'azure-native:compute:VirtualMachine', name: 'host' },
      props: {
        vmName: physical('host'),
        osProfile: { customData: concealed, linuxConfiguration: { disablePasswordAuthentication: true } },
        securityProfile: { encryptionAtHost: true, securityType: 'TrustedLaunch' },
        tags: tags('azure', 'host'),
      },
    },
    {
      ...{ type: 'azure-native:network:NetworkSecurityGroup', name: 'firewall' },
      props: {
        networkSecurityGroupName: physical('firewall'),
        securityRules: [
          { direction: 'Inbound', access: 'Allow', protocol: 'Tcp', destinationPortRanges: ['80', '443', '8883'] },
          { direction: 'Inbound', access: 'Allow', protocol: 'Udp', destinationPortRange: '443' },
          { direction: 'Outbound', access: 'Allow', protocol: '*', destinationPortRange: '*' },
          { direction: 'Inbound', access: 'Deny', protocol: '*', destinationPortRange: '*' },
        ],
        tags: tags('azure', 'firewall'),
      },
    },
  ],
  local: [
    {
      ...{ type: 'freehold-local:index:Volume', name: 'volume', protect: true },
      props: { name: physical('volume'), tags: tags('local', 'volume') },
    },
    {
      ...{ type: 'freehold-local:index:Host', name: 'host' },
      props: { name: physical('host'), userData: concealed, tags: tags('local', 'host') },
    },
  ],
};

function check(cloud: CloudName, resources: Declaration[]) {
  const declared = resources.map((resource): DeclaredResource => ({ protect: false, ...resource }));
  const violations = violationsOf(declared, { spec: specOf(cloud), secrets: [token] });
  return violations.map(({ rule, resource }) => `${rule} ${resource.split(' ')[0]}`);
}

/** The valid server with one change to one resource. */
function spoil(cloud: CloudName, name: string, change: (resource: Declaration) => Partial<Declaration> | Props) {
  return sound[cloud].map((resource) => {
    if (resource.name !== name) return resource;
    const changed = change(resource);
    return 'props' in changed || 'protect' in changed
      ? { ...resource, ...changed }
      : { ...resource, props: { ...resource.props, ...changed } };
  });
}

const clouds = Object.keys(sound) as CloudName[];

test.each(clouds)('a server on %s as it has to be breaks no rule', (cloud) => {
  expect(check(cloud, sound[cloud])).toEqual([]);
});

/** Violations on each cloud, by policy: resource, change. */
const planted: [string, CloudName, string, (resource: Declaration) => Partial<Declaration> | Props][] = [
  ...clouds.map((cloud): (typeof planted)[number] => ['volume-protected', cloud, 'volume', () => ({ protect: false })]),

  ['volume-encrypted', 'aws', 'volume', () => ({ encrypted: false })],
  ['volume-encrypted', 'aws', 'volume', () => ({ encrypted: undefined })],
  ['volume-encrypted', 'aws', 'volume', () => ({ encrypted: later })],
  ['volume-encrypted', 'aws', 'host', () => ({ rootBlockDevice: undefined })],
  ['volume-encrypted', 'aws', 'host', () => ({ ebsBlockDevices: [{ encrypted: true }, {}] })],
  ['volume-encrypted', 'azure', 'host', () => ({ securityProfile: { securityType: 'TrustedLaunch' } })],

  ['port-not-in-contract', 'aws', 'port-https', () => ({ toPort: 444 })],
  ['port-not-in-contract', 'aws', 'port-https', () => ({ fromPort: later, toPort: later })],
  ['port-not-in-contract', 'aws', 'port-http', () => ({ ipProtocol: 'udp' })],
  ['port-not-in-contract', 'aws', 'firewall', () => ({ ingress: [{ protocol: 'tcp', fromPort: 8080, toPort: 8080 }] })],
  ['port-not-in-contract', 'aws', 'firewall', () => ({ ingress: later })],
  [
    'port-not-in-contract',
    'digitalocean',
    'firewall',
    () => ({ inboundRules: [{ protocol: 'tcp', portRange: '8080' }] }),
  ],
  ['port-not-in-contract', 'gcp', 'firewall', () => ({ allows: [{ protocol: 'tcp', ports: ['443', '8000-9000'] }] })],
  [
    ...(['port-not-in-contract', 'azure', 'firewall'] as const),
    () => ({
      securityRules: [{ direction: 'Inbound', access: 'Allow', protocol: 'Tcp', destinationPortRange: '5000' }],
    }),
  ],

  [
    'machine-locked-down',
    'aws',
    'host',
    () => ({ metadataOptions: { httpTokens: 'optional', httpPutResponseHopLimit: 1 } }),
  ],
  ['machine-locked-down', 'aws', 'host', () => ({ metadataOptions: { httpTokens: 'required' } })],
  ['machine-locked-down', 'aws', 'host', () => ({ keyName: 'operator' })],
  ['machine-locked-down', 'aws', 'role-host', () => ({ permissionsBoundary: undefined })],
  ['machine-locked-down', 'digitalocean', 'host', () => ({ dropletAgent: true })],
  [
    ...(['machine-locked-down', 'gcp', 'host'] as const),
    ({ props }) => ({ metadata: { ...(props.metadata as Props), 'block-project-ssh-keys': undefined } }),
  ],
  [
    ...(['machine-locked-down', 'gcp', 'host'] as const),
    ({ props }) => ({ metadata: { ...(props.metadata as Props), 'serial-port-enable': 'TRUE' } }),
  ],
  ['machine-locked-down', 'gcp', 'host', () => ({ shieldedInstanceConfig: {} })],
  ['machine-locked-down', 'gcp', 'host', () => ({ serviceAccount: { email: 'default', scopes: [] } })],
  [
    ...(['machine-locked-down', 'azure', 'host'] as const),
    () => ({ osProfile: { customData: concealed, linuxConfiguration: { disablePasswordAuthentication: false } } }),
  ],

  ['tags-complete', 'aws', 'host', () => ({ tags: { Name: physical('host'), 'freehold:instance': instanceId } })],
  ['tags-complete', 'local', 'host', () => ({ tags: later })],
  ['tags-complete', 'digitalocean', 'host', () => ({ tags: [`freehold:instance:${instanceId}`] })],
  ['tags-complete', 'gcp', 'volume', () => ({ labels: undefined })],
  ['tags-complete', 'azure', 'firewall', () => ({ tags: { ...tags('azure', 'firewall'), 'freehold:plan': 'GROW' } })],
  ['tags-complete', 'local', 'host', () => ({ tags: tags('local', 'another') })],

  ['name-not-deterministic', 'aws', 'firewall', () => ({ name: undefined, namePrefix: physical('') })],
  ['name-not-deterministic', 'aws', 'record', () => ({ name: 'other.example.com' })],
  ['name-not-deterministic', 'digitalocean', 'host', () => ({ name: undefined })],
  ['name-not-deterministic', 'gcp', 'host', () => ({ name: later })],
  ['name-not-deterministic', 'azure', 'volume', () => ({ diskName: 'disk-4f2a' })],
  ['name-not-deterministic', 'local', 'volume', () => ({ name: 'volume-1' })],

  ['secret-in-plain-input', 'aws', 'host', () => ({ userData: '#cloud-config' })],
  ['secret-in-plain-input', 'aws', 'host', () => ({ userDataBase64: 'I2Nsb3VkLWNvbmZpZw==' })],
  ['secret-in-plain-input', 'aws', 'aws', () => ({ accessKey: concealed, secretKey: concealed })],
  ['secret-in-plain-input', 'digitalocean', 'host', () => ({ userData: '#cloud-config' })],
  [
    ...(['secret-in-plain-input', 'gcp', 'host'] as const),
    ({ props }) => ({ metadata: { ...(props.metadata as Props), 'user-data': '#cloud-config' } }),
  ],
  [
    ...(['secret-in-plain-input', 'azure', 'host'] as const),
    () => ({ osProfile: { customData: 'I2Nsb3Vk', linuxConfiguration: { disablePasswordAuthentication: true } } }),
  ],
  ['secret-in-plain-input', 'local', 'host', () => ({ userData: '{}' })],
  ...clouds.map((cloud): (typeof planted)[number] => [
    ...(['secret-in-plain-input', cloud, 'host'] as const),
    () => ({ description: [`made with ${token}`] }),
  ]),
];

describe('a planted violation fails', () => {
  test.each(planted)('%s: on %s, in the resource %s', (rule, cloud, name, change) => {
    expect(check(cloud, spoil(cloud, name, change))).toEqual(expect.arrayContaining([`${rule} ${name}`]));
    expect(new Set(check(cloud, spoil(cloud, name, change)))).toEqual(new Set([`${rule} ${name}`]));
  });

  test.each([
    ['aws', 'port-https', { fromPort: 22, toPort: 22, cidrIpv4: '10.0.0.1/32' }],
    ['aws', 'port-https', { ipProtocol: '-1' }],
    ['digitalocean', 'firewall', { inboundRules: [{ protocol: 'tcp', portRange: '20-25' }] }],
    ['digitalocean', 'firewall', { inboundRules: [{ protocol: 'tcp', portRange: 'all' }] }],
    ['gcp', 'firewall', { allows: [{ protocol: 'tcp', ports: ['3389'] }] }],
    ['gcp', 'firewall', { allows: [{ protocol: 'tcp' }] }],
    [
      ...(['azure', 'firewall'] as const),
      { securityRules: [{ direction: 'Inbound', access: 'Allow', protocol: '*', destinationPortRange: '*' }] },
    ],
  ] as [CloudName, string, Props][])('remote-login: on %s, in the resource %s, %j', (cloud, name, props) => {
    const found = check(
      cloud,
      spoil(cloud, name, () => props),
    );
    expect(new Set(found)).toEqual(new Set([`port-not-in-contract ${name}`, `remote-login ${name}`]));
  });

  test('load balancers and stand-alone rules count as openings', () => {
    const port = 9000;
    expect(
      check('aws', [
        { type: 'aws:lb/listener:Listener', name: 'l', props: { port, protocol: 'TCP', tags: awsTags('l') } },
      ]),
    ).toEqual(['port-not-in-contract l']);
    expect(
      check('digitalocean', [
        {
          type: 'digitalocean:index/loadBalancer:LoadBalancer',
          name: 'l',
          props: { name: physical('l'), forwardingRules: [{ entryPort: port, entryProtocol: 'tcp' }] },
        },
      ]),
    ).toEqual(['port-not-in-contract l']);
    expect(
      check('gcp', [
        {
          type: 'gcp:compute/forwardingRule:ForwardingRule',
          name: 'l',
          props: { name: physical('l'), labels: labels('l'), portRange: '9000' },
        },
      ]),
    ).toEqual(['port-not-in-contract l']);
    expect(
      check('azure', [
        {
          type: 'azure-native:network:LoadBalancer',
          name: 'l',
          props: {
            loadBalancerName: physical('l'),
            tags: tags('azure', 'l'),
            loadBalancingRules: [{ frontendPort: port, protocol: 'Tcp' }],
          },
        },
      ]),
    ).toEqual(['port-not-in-contract l']);
    expect(
      check('azure', [
        {
          type: 'azure-native:network:SecurityRule',
          name: 'r',
          props: {
            securityRuleName: 'r',
            direction: 'Inbound',
            access: 'Allow',
            protocol: 'Tcp',
            destinationPortRange: '9000',
          },
        },
      ]),
    ).toEqual(['port-not-in-contract r']);
  });
});
