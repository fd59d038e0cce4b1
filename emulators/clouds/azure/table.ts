import { catalogue } from '../../../src/domain/catalogue/catalogue-data.ts';
import { propertiesOf } from '../object-area.ts';
import { valuesAt } from '../paths.ts';
import type { CloudTable, DoubleObject, World } from '../rule-table.ts';
import { azureErrorTexts } from './error-texts.ts';
import { armId, rules, subscription, text } from './rules.ts';
import { type TypeName, types } from './types.ts';

/** The header that a request for the machine identity's token must carry, and the token it gets. */
export const identityHeader = 'the-double-knows-everybody';
export const accessToken = 'token-of-the-double-of-azure';
/** The operator's resource group, and the domain of their zone. */
const resourceGroupName = 'freehold';
const ownZone = 'freehold.localhost';

const regions = catalogue.clouds.find(({ name }) => name === 'azure')?.regions ?? [];

function given(type: TypeName, region: string, inputs: DoubleObject['inputs']) {
  return { type: types[type], id: armId(type, inputs), region, inputs };
}

/** The vault of a region, and its policy. */
function backupsOf(region: string) {
  const vaultName = `freehold-${region}`;
  const place = { resourceGroupName, vaultName };
  return [
    given('vault', region, { ...place, location: region }),
    given('backupPolicy', region, { ...place, backupPolicyName: 'daily' }),
  ];
}

const cardsOf = (machine: DoubleObject) => valuesAt(machine.inputs, 'networkProfile.networkInterfaces[].id');
const poolsOf = (card: DoubleObject) =>
  valuesAt(card.inputs, 'ipConfigurations[].loadBalancerBackendAddressPools[].id').map(text);
const addressesOf = (card: DoubleObject) => valuesAt(card.inputs, 'ipConfigurations[].publicIPAddress.id');

/** Machines that receive the traffic of a public address. */
function behind(ipAddress: string, world: World): string[] {
  const address = world.list(types.address).find(({ computed }) => computed.ipAddress === ipAddress);
  if (!address) return [];
  const balancers = world
    .list(types.balancer)
    .filter(({ inputs }) => valuesAt(inputs, 'frontendIPConfigurations[].publicIPAddress.id').includes(address.id));
  const isMeant = (card: DoubleObject) =>
    addressesOf(card).includes(address.id) ||
    poolsOf(card).some((pool) => balancers.some(({ id }) => pool.startsWith(`${id}/`)));
  const cards = world.list(types.card).filter(isMeant);
  return world
    .list(types.machine)
    .filter((machine) => cards.some(({ id }) => cardsOf(machine).includes(id)))
    .map(({ id }) => id);
}

export const azureTable: CloudTable = {
  cloud: 'azure',
  package: '@pulumi/azure-native',
  environment: (wire) => ({
    ARM_SUBSCRIPTION_ID: subscription,
    AZURE_RESOURCE_MANAGER_URL: wire,
    // The machine's identity endpoint, as Azure provides it where it runs an application.
    IDENTITY_ENDPOINT: `${wire}/identity`,
    IDENTITY_HEADER: identityHeader,
    FREEHOLD_AZURE_RESOURCE_GROUP: resourceGroupName,
    FREEHOLD_AZURE_DNS_ZONE: ownZone,
    FREEHOLD_AZURE_LISTING_LAG_MS: '0',
    FREEHOLD_AZURE_REMOVE_PAUSE_MS: '100',
  }),
  types: Object.fromEntries(Object.entries(types).map(([name, token]) => [token, rules[name as TypeName]])),
  functions: {},
  given: (zoneName) => [
    given('group', '', { resourceGroupName }),
    given('zone', '', { resourceGroupName, zoneName }),
    ...regions.flatMap(({ name }) => backupsOf(name)),
  ],
  tagsOf: ({ inputs }) => (inputs.tags ?? {}) as Record<string, string>,
  words: azureErrorTexts,
  machines: (world) =>
    world.list(types.machine).map((machine) => {
      const own = cardsOf(machine);
      const cards = world.list(types.card).filter(({ id }) => own.includes(id));
      const [volumeId] = valuesAt(machine.inputs, 'storageProfile.dataDisks[].managedDisk.id');
      const [customData] = valuesAt(propertiesOf(machine), 'osProfile.customData');
      return {
        id: machine.id,
        userData: Buffer.from(text(customData), 'base64').toString(),
        isOn: true,
        volumeId: volumeId === undefined ? null : text(volumeId),
        isReached: cards.some((card) => addressesOf(card).length > 0 || poolsOf(card).length > 0),
      };
    }),
  volumeType: types.disk,
  answer(name, world) {
    const record = world.list(types.record).find(({ computed }) => computed.fqdn === `${name}.`);
    if (!record) return null;
    const addresses = valuesAt(record.inputs, 'aRecords[].ipv4Address').map(text);
    const machineIds = [...new Set(addresses.flatMap((address) => behind(address, world)))];
    return { machineIds, ttl: Number(record.inputs.ttl) };
  },
};
