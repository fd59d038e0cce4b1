import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { boundaryArn } from '../../../emulators/clouds/aws/rules.ts';
import { types } from '../../../emulators/clouds/aws/types.ts';
import { checkInputs } from '../../../emulators/clouds/check-inputs.ts';
import { doublesEnvironment } from '../../../emulators/clouds/environment.ts';
import type { InputSchema } from '../../../emulators/clouds/schema/read-schema.ts';
import { schemaOf } from '../../../emulators/clouds/schema/schema-of.ts';
import { tableOf } from '../../../emulators/clouds/tables.ts';
import { startCloud, type TestCloud, zone } from '../../support/small-cloud.ts';

/** The emulated AWS without an engine: what it refuses, and what happens to linked objects. */

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startCloud();
}, 30_000);
afterAll(async () => {
  await cloud?.stop();
}, 30_000);

const region = 'eu-west-1';
const objects = '/v1/doubles/aws/objects';
const one = (type: string, id: string) => `/v1/doubles/aws/object?${new URLSearchParams({ type, id })}`;

interface Made {
  id: string;
  properties: Record<string, string>;
}
async function make(type: string, inputs: object): Promise<Made> {
  const { status, body } = await cloud.call('POST', objects, { type, region, inputs });
  if (status !== 201) throw new Error((body as { message: string }).message);
  return body as Made;
}
const refusal = async (method: string, path: string, body?: unknown) =>
  ((await cloud.call(method, path, body)).body as { message?: string } | undefined)?.message;
const remove = (type: string, id: string) => refusal('DELETE', one(type, id));

/** A machine in a network, in a zone. */
async function makeMachine(availabilityZone: string, more: object = {}) {
  const vpc = await make(types.vpc, { cidrBlock: '10.0.0.0/16' });
  const subnet = await make(types.subnet, { vpcId: vpc.id, cidrBlock: '10.0.0.0/24', availabilityZone });
  const inputs = { ami: 'ami-0f4ee000000000000', instanceType: 't3.small', subnetId: subnet.id, ...more };
  return { vpc, subnet, inputs, instance: await make(types.instance, inputs) };
}

describe('the double of AWS', () => {
  test('makes a second object where AWS does, and refuses one where AWS does', async () => {
    const address = { domain: 'vpc', tags: { Name: 'same' } };
    expect((await make(types.eip, address)).id).not.toBe((await make(types.eip, address)).id);
    const role = { name: 'same', assumeRolePolicy: '{}', permissionsBoundary: boundaryArn };
    await make(types.role, role);
    await expect(make(types.role, role)).rejects.toThrow('EntityAlreadyExists');
    const free = { name: 'free', assumeRolePolicy: '{}' };
    await expect(make(types.role, free)).rejects.toThrow('AccessDenied');
    const record = { zoneId: 'ZFREEHOLDDOUBLE', name: `same.${zone}`, type: 'A', ttl: 60, records: ['198.18.0.1'] };
    await make(types.record, record);
    await expect(make(types.record, record)).rejects.toThrow('but it already exists');
  });

  test('wants what is named to exist', async () => {
    await expect(make(types.gateway, { vpcId: 'vpc-0123' })).rejects.toThrow('InvalidVpcID.NotFound');
    await expect(make(types.instance, { ami: 'ami-unknown' })).rejects.toThrow('InvalidAMIID.NotFound');
  });

  test('attaches a volume to one machine of its zone, and lets go of it with the machine', async () => {
    const { instance } = await makeMachine('eu-west-1a', { forceDestroy: true, disableApiTermination: true });
    const near = await make(types.volume, { availabilityZone: 'eu-west-1a', size: 10 });
    const far = await make(types.volume, { availabilityZone: 'eu-west-1b', size: 10 });
    const link = { deviceName: '/dev/sdf', instanceId: instance.id };
    await expect(make(types.volumeAttachment, { ...link, volumeId: far.id })).rejects.toThrow('ZoneMismatch');
    const attachment = await make(types.volumeAttachment, { ...link, volumeId: near.id });
    // The provider adopts an existing one.
    expect((await make(types.volumeAttachment, { ...link, volumeId: near.id })).id).toBe(attachment.id);
    const other = { ...link, instanceId: (await makeMachine('eu-west-1a')).instance.id };
    await expect(make(types.volumeAttachment, { ...other, volumeId: near.id })).rejects.toThrow('VolumeInUse');
    expect(await remove(types.volume, near.id)).toContain('VolumeInUse');
    expect(await refusal('PATCH', one(types.volume, near.id), { availabilityZone: 'eu-west-1a', size: 5 })).toContain(
      'New size cannot be smaller',
    );
    expect(await remove(types.instance, instance.id)).toBeUndefined();
    expect(await remove(types.volume, near.id)).toBeUndefined();
  });

  test('holds what is in use, and what is protected', async () => {
    const { vpc, subnet, instance, inputs } = await makeMachine('eu-west-1a', { disableApiTermination: true });
    expect(await remove(types.vpc, vpc.id)).toContain('DependencyViolation');
    expect(await remove(types.subnet, subnet.id)).toContain('DependencyViolation');
    expect(await remove(types.instance, instance.id)).toContain('OperationNotPermitted');
    await cloud.call('PATCH', one(types.instance, instance.id), { ...inputs, disableApiTermination: false });
    for (const [type, { id }] of [
      [types.instance, instance],
      [types.subnet, subnet],
      [types.vpc, vpc],
    ] as const) {
      expect(await remove(type, id)).toBeUndefined();
    }
  });

  test('says what is scripted in the words of AWS, as often as it was asked', async () => {
    await cloud.call('POST', '/v1/doubles/aws/faults', { on: 'create', type: 'Volume', fault: 'capacity', zone: 'z1' });
    await make(types.volume, { availabilityZone: 'z2', size: 1 });
    await expect(make(types.volume, { availabilityZone: 'z1', size: 1 })).rejects.toThrow(
      'InsufficientInstanceCapacity',
    );
    await make(types.volume, { availabilityZone: 'z1', size: 1 });
  });

  test('keeps new objects out of lists for a while', async () => {
    await cloud.rules({ listingDelayMs: 60_000 });
    const { id } = await make(types.eip, { tags: { young: 'yes' } });
    const listed = async () => (await cloud.call('GET', `${objects}?tag=young=yes`)).body as Made[];
    expect(await listed()).toEqual([]);
    await cloud.rules({});
    expect((await listed()).map((each) => each.id)).toEqual([id]);
  });
});

describe('the inputs of the package', () => {
  let schema: InputSchema;
  beforeAll(async () => {
    const cacheFolder = join(tmpdir(), 'freehold-doubles');
    const env = doublesEnvironment({ cloudUrl: cloud.url, path: process.env.PATH ?? '', cacheFolder });
    schema = await schemaOf(tableOf('aws'), env);
  }, 120_000);
  const problems = (type: string, inputs: Record<string, unknown>) =>
    checkInputs(schema, type, inputs).map(({ reason }) => reason);

  test('say what is required, unknown or of another kind, at every depth', () => {
    expect(problems(types.volume, { size: 10, colour: 'red' })).toEqual([
      'Missing required argument: "availabilityZone" is required',
      'An argument named "colour" is not expected here',
    ]);
    expect(problems(types.volume, { availabilityZone: 'a', size: 'ten' })).toEqual(['"size" must be a number']);
    const rootBlockDevice = { encrypted: 'maybe', shape: 'round' };
    expect(problems(types.instance, { ami: 'a', rootBlockDevice })).toEqual([
      '"rootBlockDevice.encrypted" must be a boolean',
      'An argument named "rootBlockDevice.shape" is not expected here',
    ]);
  });

  test('let pass what is not known yet', () => {
    expect(problems(types.volume, { availabilityZone: undefined, size: 10 })).toEqual([]);
  });
});
