import { expect, test } from '@jest/globals';
import { type ResourceTransformationArgs, runtime, secret } from '@pulumi/pulumi';
import type { CloudName, PrivateServerSpec } from '../../../src/contracts/stack.ts';
import { cloudStacks } from '../../../src/stacks/clouds.ts';
import { reveal } from '../../../src/stacks/policy/declared.ts';
import { violationsOf } from '../../../src/stacks/policy/rules.ts';
import { machinesOf } from '../../../src/stacks/private-server.ts';

/** Configuration of an installation that sells on these clouds; no cloud is asked. */
const env = {
  FREEHOLD_AWS_HOSTED_ZONE_ID: 'Z0123456789ABC',
  FREEHOLD_AWS_PERMISSIONS_BOUNDARY: 'arn:aws:iam::123456789012:policy/freehold/boundary',
  FREEHOLD_DIGITALOCEAN_DOMAIN: 'example.org',
  ARM_SUBSCRIPTION_ID: '00000000-0000-4000-8000-000000000000',
  FREEHOLD_AZURE_RESOURCE_GROUP: 'freehold',
  FREEHOLD_AZURE_DNS_ZONE: 'example.org',
  FREEHOLD_GCP_MANAGED_ZONE: 'example-org',
  GOOGLE_PROJECT: 'example-project',
};

function specOf(cloud: CloudName, nodes: 1 | 3): PrivateServerSpec {
  const machine = { name: 'a', size: 'size-1', image: '1.0.0', osImage: null };
  return {
    ...{ instanceId: 'i0123456789abcdef', cloud, region: 'eu-west-1', diskGib: 10 },
    hostnames: ['acme.example.org', 'www.acme.example.org'],
    nodes: ['1', '2', '3'].slice(0, nodes).map((number) => ({
      ...{ name: `node-${number}`, zone: `eu-west-1${'abc'[Number(number) - 1]}` },
      ...{ machines: [machine], serving: machine.name },
    })),
    tags: { 'freehold:plan': 'BUSINESS' },
  };
}

/** All resources that a cloud's program declares for a spec, before anything is created. */
async function declaredBy(spec: PrivateServerSpec) {
  await runtime.setMocks({ newResource: ({ name }) => ({ id: name, state: {} }), call: () => ({}) });
  const declared: ResourceTransformationArgs[] = [];
  const stacks = await cloudStacks(spec.cloud);
  const userData = Object.fromEntries(machinesOf(spec).map(({ key }) => [key, secret('#cloud-config')]));
  await runtime.runInPulumiStack(async () => {
    runtime.registerStackTransformation((resource) => {
      declared.push(resource);
      return undefined;
    });
    stacks.declare({ spec, userData, protect: true, findImages: false, env });
  });
  return reveal(declared);
}

const programs: [CloudName, 1 | 3][] = [
  ['local', 1],
  ['local', 3],
  ['aws', 1],
  ['aws', 3],
  ['digitalocean', 1],
  ['digitalocean', 3],
  ['azure', 1],
  ['azure', 3],
  ['gcp', 1],
  ['gcp', 3],
];

test.each(programs)('the program of %s breaks no rule, on %i nodes', async (cloud, nodes) => {
  const spec = specOf(cloud, nodes);
  const resources = await declaredBy(spec);
  expect(resources.length).toBeGreaterThanOrEqual(4 * nodes);
  expect(violationsOf(resources, { spec, secrets: ['#cloud-config'] })).toEqual([]);
});

test.each(programs)('the program of %s gives the same names each time, on %i nodes', async (cloud, nodes) => {
  const spec = specOf(cloud, nodes);
  const names = (await declaredBy(spec)).map(({ type, name, props }) => [type, name, props.name, props.tags]);
  expect((await declaredBy(spec)).map(({ type, name, props }) => [type, name, props.name, props.tags])).toEqual(names);
});
