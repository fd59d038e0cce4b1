import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { type Properties, same } from '../../provider/properties.ts';
import type { Difference } from '../../provider/serve-provider.ts';
import { AddressCreate, type CloudObject, HostCreate, type Kind, RecordCreate, VolumeCreate } from '../cloud-api.ts';
import type { CloudClient } from '../cloud-client.ts';

/** One resource type of the provider: how its object at the cloud is created, read, changed and compared. */
export interface ResourceKind {
  kind: Kind;
  /** Sentences about inputs that the cloud would refuse, by property. */
  check(inputs: Properties, olds: Properties): { property: string; reason: string }[];
  /** `olds` are the properties in the state, `oldInputs` the inputs that led to them. */
  diff(olds: Properties, oldInputs: Properties, news: Properties): Difference;
  create(cloud: CloudClient, urn: string, inputs: Properties): Promise<{ id: string; outputs: Properties }>;
  /**
   * Null if the object is gone; `inputs` are those that would create it, without values that the cloud never returns.
   */
  read(cloud: CloudClient, id: string): Promise<{ outputs: Properties; inputs: Properties } | null>;
  update(cloud: CloudClient, id: string, news: Properties, changed: string[]): Promise<Properties>;
}

interface Definition<K extends Kind> {
  kind: K;
  schema: z.ZodObject;
  replaces: readonly string[];
  updates: readonly string[];
  /** Inputs that are compared with the old inputs, because they are never part of the properties. */
  hidden?: readonly string[];
  outputs(object: CloudObject<K>): Properties;
  check?(inputs: Properties, olds: Properties): { property: string; reason: string }[];
  /** Outputs that require an update although no input changed. */
  drifted?(olds: Properties): string[];
  applyUpdate(cloud: CloudClient, id: string, news: Properties, changed: string[]): Promise<CloudObject<K>>;
}

/** The same for every repetition of one create, different for every other resource, stack and instance. */
function createToken(urn: string, name: unknown): string {
  return createHash('sha256')
    .update(`${urn}\n${String(name)}`)
    .digest('hex');
}

function pick(properties: Properties, names: readonly string[]): Properties {
  return Object.fromEntries(names.filter((name) => name in properties).map((name) => [name, properties[name]]));
}

function define<K extends Kind>(definition: Definition<K>): ResourceKind {
  const { kind, schema, hidden = [] } = definition;
  const changedOf = (names: readonly string[], olds: Properties, oldInputs: Properties, news: Properties) =>
    names.filter((name) => !same(hidden.includes(name) ? oldInputs[name] : olds[name], news[name]));
  return {
    kind,
    check(inputs, olds) {
      const shown = Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== undefined));
      const parsed = schema.partial().safeParse(shown);
      const problems = parsed.success
        ? []
        : parsed.error.issues.map((issue) => ({ property: String(issue.path[0] ?? ''), reason: issue.message }));
      return [...problems, ...(definition.check?.(inputs, olds) ?? [])];
    },
    diff(olds, oldInputs, news) {
      return {
        replaces: changedOf(definition.replaces, olds, oldInputs, news),
        updates: [...changedOf(definition.updates, olds, oldInputs, news), ...(definition.drifted?.(olds) ?? [])],
      };
    },
    async create(cloud, urn, inputs) {
      const input = { ...schema.parse(inputs), token: createToken(urn, inputs.name) };
      const object = await cloud.create(kind, input as never);
      return { id: object.id, outputs: definition.outputs(object) };
    },
    async read(cloud, id) {
      const object = await cloud.get(kind, id);
      if (!object) return null;
      const outputs = definition.outputs(object);
      return { outputs, inputs: pick(outputs, Object.keys(schema.shape)) };
    },
    async update(cloud, id, news, changed) {
      return definition.outputs(await definition.applyUpdate(cloud, id, news, changed));
    },
  };
}

const address = define({
  kind: 'addresses',
  schema: AddressCreate.omit({ token: true }),
  replaces: ['name', 'region'],
  updates: ['tags'],
  outputs: ({ name, region, tags, address }) => ({ name, region, tags, address }),
  applyUpdate: (cloud, id, news, changed) => cloud.update('addresses', id, pick(news, changed)),
});

const record = define({
  kind: 'records',
  schema: RecordCreate.omit({ token: true }),
  replaces: ['name'],
  updates: ['address', 'ttl', 'tags'],
  outputs: ({ name, address, ttl, tags }) => ({ name, address, ttl, tags }),
  applyUpdate: (cloud, id, news, changed) => cloud.update('records', id, pick(news, changed)),
});

const volume = define({
  kind: 'volumes',
  schema: VolumeCreate.omit({ token: true }),
  replaces: ['name', 'region', 'zone'],
  updates: ['sizeGib', 'tags'],
  outputs: ({ name, region, zone, sizeGib, tags }) => ({ name, region, zone, sizeGib, tags }),
  check(inputs, olds) {
    const shrinks = Number(inputs.sizeGib) < Number(olds.sizeGib);
    return shrinks ? [{ property: 'sizeGib', reason: 'a volume only grows' }] : [];
  },
  applyUpdate: (cloud, id, news, changed) => cloud.update('volumes', id, pick(news, changed)),
});

/** A removed value is null for the cloud, and absent here. */
const attachments = ['volumeId', 'addressId'];

const host = define({
  kind: 'hosts',
  schema: HostCreate.omit({ token: true }),
  replaces: ['name', 'region', 'zone', 'image', 'userData'],
  updates: ['size', 'volumeId', 'addressId', 'tags'],
  hidden: ['userData'],
  outputs: ({ name, region, zone, size, image, volumeId, addressId, tags, address, state }) => ({
    ...{ name, region, zone, size, image, tags, state },
    ...(volumeId === null ? {} : { volumeId }),
    ...(addressId === null ? {} : { addressId, address }),
  }),
  drifted: (olds) => (['running', 'idle'].includes(String(olds.state)) ? [] : ['state']),
  async applyUpdate(cloud, id, news, changed) {
    const removed = changed.filter((name) => attachments.includes(name) && news[name] === undefined);
    const change = { ...pick(news, changed), ...Object.fromEntries(removed.map((name) => [name, null])) };
    if (Object.keys(change).length > 0) await cloud.update('hosts', id, change);
    return cloud.startHost(id);
  },
});

/** Resource types by token. */
export const resourceKinds: Readonly<Record<string, ResourceKind>> = {
  'freehold-local:index:Address': address,
  'freehold-local:index:Record': record,
  'freehold-local:index:Volume': volume,
  'freehold-local:index:Host': host,
};
