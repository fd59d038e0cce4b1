import { valuesAt } from '../paths.ts';
import type { CloudTable, DoubleObject, World } from '../rule-table.ts';
import { digitaloceanErrorTexts } from './error-texts.ts';
import { rules, text } from './rules.ts';
import { types } from './types.ts';

/** The token that is accepted. */
export const doubleToken = 'dop_v1_freehold_double';
/** The domain of our hostnames; it already exists in the account. */
const domainOf = 'freehold.localhost';
/** The existing operating system image. */
const systemImage = 190_000_001;

const tagsOf = ({ inputs }: DoubleObject) => valuesAt(inputs, 'tags[]').map(text);

/** Machines that receive the traffic of a public address. */
function behind(address: string, world: World): string[] {
  const assigned = world
    .list(types.addressAssignment)
    .filter(({ inputs }) => inputs.ipAddress === address)
    .map(({ inputs }) => text(inputs.dropletId));
  const balancer = world.list(types.balancer).find(({ computed }) => computed.ip === address);
  const balanced = balancer
    ? world.list(types.droplet).filter((droplet) => tagsOf(droplet).includes(text(balancer.inputs.dropletTag)))
    : [];
  return [...assigned, ...balanced.map(({ id }) => id)];
}

export const digitaloceanTable: CloudTable = {
  cloud: 'digitalocean',
  package: '@pulumi/digitalocean',
  environment: (wire) => ({
    DIGITALOCEAN_API_URL: wire,
    DIGITALOCEAN_TOKEN: doubleToken,
    FREEHOLD_DIGITALOCEAN_DOMAIN: domainOf,
    FREEHOLD_DIGITALOCEAN_LISTING_LAG_MS: '0',
    FREEHOLD_DIGITALOCEAN_OWN_ACCOUNT: 'true',
    FREEHOLD_DIGITALOCEAN_UNOWNED_MS: '1000',
    FREEHOLD_DIGITALOCEAN_REMOVE_PAUSE_MS: '100',
  }),
  types: Object.fromEntries(Object.entries(types).map(([name, token]) => [token, rules[name as keyof typeof types]])),
  functions: {
    'digitalocean:index/getImage:getImage': (args) => ({
      ...args,
      ...{ id: systemImage, image: String(systemImage), distribution: 'Ubuntu', name: '24.04 (LTS) x64 double' },
    }),
  },
  given: () => [{ type: types.domain, id: domainOf, region: '', inputs: { name: domainOf } }],
  tagsOf: (object) =>
    Object.fromEntries(
      tagsOf(object).map((tag) => {
        const at = tag.lastIndexOf(':');
        return [tag.slice(0, at), tag.slice(at + 1)];
      }),
    ),
  words: digitaloceanErrorTexts,
  machines: (world) =>
    world.list(types.droplet).map((droplet) => {
      const isMine = ({ inputs }: DoubleObject) => String(inputs.dropletId) === droplet.id;
      const attachment = world.list(types.volumeAttachment).find(isMine);
      const isBalanced = world
        .list(types.balancer)
        .some(({ inputs }) => tagsOf(droplet).includes(text(inputs.dropletTag)));
      return {
        id: droplet.id,
        userData: text(droplet.inputs.userData),
        isOn: true,
        volumeId: attachment ? text(attachment.inputs.volumeId) : null,
        isReached: isBalanced || world.list(types.addressAssignment).some(isMine),
      };
    }),
  volumeType: types.volume,
  answer(name, world) {
    const record = world
      .list(types.record)
      .find(({ inputs, computed }) => inputs.type === 'A' && computed.fqdn === name);
    if (!record) return null;
    return { machineIds: behind(text(record.inputs.value), world), ttl: Number(record.inputs.ttl) };
  },
};
