import { propertiesOf } from '../object-area.ts';
import { valuesAt } from '../paths.ts';
import type { CloudTable, DoubleObject, World } from '../rule-table.ts';
import { awsErrorTexts } from './error-texts.ts';
import { boundaryArn, imagePrefix, rules, text } from './rules.ts';
import { types } from './types.ts';

/** The access key that is accepted. */
export const accessKeyId = 'AKIAFREEHOLDDOUBLE00';
/** The zone of our records; it already exists in the account. */
const hostedZoneId = 'ZFREEHOLDDOUBLE';

/** The operating system image of a region. */
function imageOf(region: string): string {
  return imagePrefix + Buffer.from(region).toString('hex').slice(-12).padStart(12, '0');
}

/** Instances that receive the traffic of a public address. */
function behind(address: string, world: World): string[] {
  const eip = world.list(types.eip).find(({ computed }) => computed.publicIp === address);
  if (!eip) return [];
  const associated = world
    .list(types.eipAssociation)
    .filter(({ inputs }) => inputs.allocationId === eip.id)
    .map(({ inputs }) => text(inputs.instanceId));
  const balancers = world
    .list(types.loadBalancer)
    .filter(({ inputs }) => valuesAt(inputs, 'subnetMappings[].allocationId').includes(eip.id));
  const groups = world
    .list(types.listener)
    .filter(({ inputs }) => inputs.port === 443 && balancers.some(({ id }) => id === inputs.loadBalancerArn))
    .flatMap(({ inputs }) => valuesAt(inputs, 'defaultActions[].targetGroupArn'));
  const targets = world.list(types.target).filter(({ inputs }) => groups.includes(inputs.targetGroupArn));
  return [...associated, ...targets.map(({ inputs }) => text(inputs.targetId))];
}

export const awsTable: CloudTable = {
  cloud: 'aws',
  package: '@pulumi/aws',
  environment: (wire) => ({
    AWS_ENDPOINT_URL: wire,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: 'the-double-verifies-no-signature',
    FREEHOLD_AWS_HOSTED_ZONE_ID: hostedZoneId,
    FREEHOLD_AWS_PERMISSIONS_BOUNDARY: boundaryArn,
    FREEHOLD_AWS_LISTING_LAG_MS: '0',
    FREEHOLD_AWS_REMOVE_PAUSE_MS: '100',
    FREEHOLD_AWS_REBOOT_MS: '10000',
  }),
  types: Object.fromEntries(Object.entries(types).map(([name, token]) => [token, rules[name as keyof typeof types]])),
  functions: {
    'aws:ec2/getAmi:getAmi': (args, { region }) => ({
      ...args,
      ...{ id: imageOf(region), imageId: imageOf(region), name: 'ubuntu-noble-24.04-double', region },
    }),
  },
  given: (dnsZone) => [{ type: types.zone, id: hostedZoneId, region: '', inputs: { name: dnsZone } }],
  tagsOf: ({ inputs }) => (inputs.tags ?? {}) as Record<string, string>,
  words: awsErrorTexts,
  machines: (world) =>
    world.list(types.instance).map((instance) => {
      const isMine = ({ inputs }: DoubleObject) => inputs.instanceId === instance.id || inputs.targetId === instance.id;
      const attachment = world.list(types.volumeAttachment).find(isMine);
      // The emulator keeps no history: a machine that gets a volume counts as stopped by an earlier move until it is
      // told to run.
      const mayBeStopped = attachment !== undefined;
      return {
        id: instance.id,
        userData: text(propertiesOf(instance).userData),
        isOn:
          !mayBeStopped || world.list(types.power).some((power) => isMine(power) && power.inputs.state === 'running'),
        volumeId: attachment ? text(attachment.inputs.volumeId) : null,
        isReached: [...world.list(types.eipAssociation), ...world.list(types.target)].some(isMine),
      };
    }),
  volumeType: types.volume,
  answer(name, world) {
    const record = world.list(types.record).find(({ inputs }) => inputs.type === 'A' && inputs.name === name);
    if (!record) return null;
    const addresses = valuesAt(record.inputs, 'records[]').map(text);
    const machineIds = [...new Set(addresses.flatMap((address) => behind(address, world)))];
    return { machineIds, ttl: Number(record.inputs.ttl) };
  },
};
