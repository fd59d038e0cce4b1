import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { boundaryArn } from '../../../emulators/clouds/aws/rules.ts';
import { types } from '../../../emulators/clouds/aws/types.ts';
import { doublesEnvironment } from '../../../emulators/clouds/environment.ts';
import { awsInventory } from '../../../src/stacks/aws/inventory.ts';
import { startCloud, type TestCloud, zone } from '../../support/small-cloud.ts';

/** The inventory with the official clients, against the emulated AWS API. */

let cloud: TestCloud;
const former = { ...process.env };
beforeAll(async () => {
  cloud = await startCloud();
  // The clients find endpoint and credentials only here.
  Object.assign(process.env, doublesEnvironment({ cloudUrl: cloud.url, path: former.PATH ?? '', cacheFolder: '' }));
}, 30_000);
afterAll(async () => {
  process.env = former;
  await cloud?.stop();
}, 30_000);

const region = 'eu-west-1';
const instanceId = 'i0123456789abcdef';
const path = `/freehold/${instanceId}/`;

async function make(type: string, inputs: object, where = region) {
  const wish = { type, region: where, inputs };
  const { status, body } = await cloud.call('POST', '/v1/doubles/aws/objects', wish);
  if (status !== 201) throw new Error((body as { message: string }).message);
  return body as { id: string; properties: Record<string, string> };
}

/** One object of every kind, linked like a server's parts. */
async function makeServer(): Promise<void> {
  const tags = (resource: string) => ({
    tags: {
      'freehold:instance': instanceId,
      'freehold:resource': resource,
      'freehold:created': '2026-11-28T00:00:00.000Z',
    },
  });
  const vpc = await make(types.vpc, { cidrBlock: '10.0.0.0/16', ...tags('network') });
  const gateway = await make(types.gateway, { vpcId: vpc.id, ...tags('gateway') });
  const routes = [{ cidrBlock: '0.0.0.0/0', gatewayId: gateway.id }];
  const defaultRouteTableId = vpc.properties.defaultRouteTableId;
  await make(types.routes, { defaultRouteTableId, routes, ...tags('routes') });
  const place = { cidrBlock: '10.0.0.0/24', availabilityZone: 'eu-west-1a' };
  const subnet = await make(types.subnet, { vpcId: vpc.id, ...place, ...tags('subnet-node-1') });
  const group = await make(types.securityGroup, { name: 'firewall', vpcId: vpc.id, ...tags('firewall') });
  const open = { securityGroupId: group.id, cidrIpv4: '0.0.0.0/0' };
  await make(types.ingress, { ...open, ipProtocol: 'tcp', fromPort: 443, toPort: 443, ...tags('port-https') });
  await make(types.egress, { ...open, ipProtocol: '-1', ...tags('outbound') });
  const role = { name: `${instanceId}-role-host`, path, assumeRolePolicy: '{}', permissionsBoundary: boundaryArn };
  const made = await make(types.role, role, '');
  await make(types.rolePolicy, { role: role.name, policyArn: 'arn:aws:iam::aws:policy/X' }, '');
  await make(types.profile, { name: `${instanceId}-profile`, path, role: role.name }, '');
  const eip = await make(types.eip, { domain: 'vpc', ...tags('address-node-1') });
  const volume = await make(types.volume, { availabilityZone: 'eu-west-1a', size: 10, ...tags('volume-node-1') });
  const machine = await make(types.instance, {
    ...{ ami: 'ami-0f4ee000000000000', subnetId: subnet.id, vpcSecurityGroupIds: [group.id] },
    ...{ iamInstanceProfile: `${instanceId}-profile`, disableApiTermination: true, ...tags('host-node-1-m1') },
  });
  await make(types.volumeAttachment, { deviceName: '/dev/sdf', volumeId: volume.id, instanceId: machine.id });
  await make(types.eipAssociation, { allocationId: eip.id, instanceId: machine.id });
  await make(types.snapshots, { executionRoleArn: made.properties.arn, ...tags('snapshots') });
  const mapping = { subnetId: subnet.id };
  const balancer = await make(types.loadBalancer, { name: 'nlb', subnetMappings: [mapping], ...tags('balancer') });
  const targets = await make(types.targetGroup, { name: 'https', vpcId: vpc.id, ...tags('group-https') });
  await make(types.listener, {
    ...{ loadBalancerArn: balancer.id, port: 443, defaultActions: [{ targetGroupArn: targets.id }] },
    ...tags('listener-https'),
  });
  await make(types.target, { targetGroupArn: targets.id, targetId: machine.id, port: 443 });
  const record = { zoneId: 'ZFREEHOLDDOUBLE', ttl: 60 };
  const owner = [`freehold:instance=${instanceId}`];
  await make(types.record, { ...record, name: `_freehold.a.${zone}`, type: 'TXT', records: owner }, '');
  await make(types.record, { ...record, name: `a.${zone}`, type: 'A', records: [eip.properties.publicIp] }, '');
}

test('lists everything of a server with its logical name, and removes it in the order of the list', async () => {
  await makeServer();
  const stranger = await make(types.eip, { domain: 'vpc', tags: { Name: 'not ours' } });
  const inventory = awsInventory(process.env);

  const listed = await inventory.list({ instanceId, region });
  expect(listed.map(({ resource }) => resource).sort()).toEqual([
    ...['address-node-1', 'balancer', 'firewall', 'gateway', 'group-https', 'host-node-1-m1', 'listener-https'],
    ...[
      'network',
      'outbound',
      `owner-txt-a.${zone}`,
      'port-https',
      'profile',
      `record-a.${zone}`,
      'role-host',
      'routes',
    ],
    ...['snapshots', 'subnet-node-1', 'volume-node-1'],
  ]);
  expect(listed.filter(({ role }) => role === 'host')).toHaveLength(1);
  const all = await inventory.listAll();
  expect(all.map(({ id }) => id).sort()).toEqual(listed.map(({ id }) => id).sort());
  expect(all.every((object) => object.instanceId === instanceId)).toBe(true);
  expect(await inventory.list({ instanceId: 'i0000000000000000', region })).toEqual([]);

  for (const object of listed) await inventory.remove(object);
  const { body } = await cloud.call('GET', '/v1/doubles/aws/objects');
  expect(body).toMatchObject([{ id: stranger.id }]);
  // A missing object is a success.
  for (const object of listed) await inventory.remove(object);
  inventory.close();
}, 60_000);

test('tells why AWS refuses', async () => {
  process.env.AWS_ACCESS_KEY_ID = 'AKIASOMEBODYELSE0000';
  const inventory = awsInventory(process.env);
  await expect(inventory.list({ instanceId, region })).rejects.toMatchObject({ code: 'cloud_credentials_expired' });
  inventory.close();
}, 60_000);
