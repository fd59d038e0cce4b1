import { hostPorts } from '../../contracts/host-contract.ts';
import type { CloudName, PrivateServerSpec } from '../../contracts/stack.ts';
import { tagsOf } from '../private-server.ts';
import { concealed, type DeclaredResource, later } from './declared.ts';
import { awsKnowledge } from './knowledge/aws.ts';
import { azureKnowledge } from './knowledge/azure.ts';
import { digitaloceanKnowledge } from './knowledge/digitalocean.ts';
import { gcpKnowledge } from './knowledge/gcp.ts';
import { localKnowledge } from './knowledge/local.ts';
import { type CloudKnowledge, objectOf } from './knowledge.ts';

export interface PolicyContext {
  spec: PrivateServerSpec;
  /** Values that must never appear in plaintext. */
  secrets: Iterable<string>;
}

export interface Violation {
  rule: RuleName;
  /** Logical name and type of the resource. */
  resource: string;
  detail: string;
}

interface RuleInput extends PolicyContext {
  type: string;
  resource: DeclaredResource;
  cloud: CloudKnowledge;
}

/** The faults of a resource, in words for an operator; empty if there are none. */
type Rule = (input: RuleInput) => string[];

const knowledge: Readonly<Record<CloudName, CloudKnowledge>> = {
  aws: awsKnowledge,
  digitalocean: digitaloceanKnowledge,
  gcp: gcpKnowledge,
  azure: azureKnowledge,
  local: localKnowledge,
};

/** The policies of every stack on every cloud. */
const rules = {
  /** Every disk is encrypted at rest. */
  'volume-encrypted': ({ cloud, type, resource }) =>
    Object.entries(cloud.encryption(type, resource))
      .filter(([, encrypted]) => encrypted !== true)
      .map(([what]) => `${what} is not encrypted`),

  /** Only `destroy` deletes a data volume. */
  'volume-protected': ({ cloud, type, resource }) =>
    cloud.volumes.has(type) && !resource.protect ? ['the engine would delete this volume'] : [],

  /** A firewall or load balancer opens only ports of the host contract. */
  'port-not-in-contract': ({ cloud, type, resource }) =>
    cloud
      .openings(type, resource)
      .filter(({ protocol }) => protocol !== 'icmp')
      .filter(
        ({ from, to, protocol }) =>
          !hostPorts.some((own) => own.port === from && own.port === to && own.protocol === protocol),
      )
      .map(({ from, to, protocol }) => `opens ${words(from)} to ${words(to)} (${words(protocol)})`),

  /** SSH and remote desktop are closed for everybody. */
  'remote-login': ({ cloud, type, resource }) =>
    cloud
      .openings(type, resource)
      .filter(({ protocol }) => protocol !== 'icmp')
      .flatMap(({ from, to }) => [22, 3389].filter((port) => isWithin(port, from, to)))
      .map((port) => `opens port ${port}`),

  /** The metadata service answers only the machine, and nobody can sign in. */
  'machine-locked-down': ({ cloud, type, resource }) =>
    cloud.machineFaults(type, resource).map((setting) => `${setting} is not locked down`),

  /** Every object names its owner from its create call on; sweeps and recovery rely on that. */
  'tags-complete': ({ cloud, type, resource, spec }) => {
    const input = cloud.tags(type);
    if (input === null) return [];
    const found = new Set(tagTexts(resource.props[input]));
    return Object.entries(tagsOf(spec, resource.name))
      .filter(([key, value]) => !found.has(plainTag(`${key}:${value}`)))
      .map(([key]) => `the tag ${key} is missing or wrong`);
  },

  /** The same server always gets the same names, and no other server gets them. */
  'name-not-deterministic': ({ cloud, type, resource, spec }) => {
    const input = cloud.naming(type);
    if (input === null) return [];
    const given = input.split('.').reduce<unknown>((value, key) => objectOf(value)[key], resource.props);
    if (typeof given !== 'string' || given === '') return [`${input} is left to the engine or the cloud`];
    // A DNS name may end with the root's dot.
    const name = given.replace(/\.$/, '');
    const isOwn =
      name.includes(spec.instanceId) ||
      name === resource.name ||
      spec.hostnames.some(
        (host) =>
          host === name || host.endsWith(`.${name}`) || name.endsWith(`.${host}`) || host.startsWith(`${name}.`),
      );
    return isOwn ? [] : [`${input} does not come from the instance or its hostnames`];
  },

  /** First-boot data is encrypted in the state, no known secret is in plaintext, no provider has credentials. */
  'secret-in-plain-input': ({ cloud, type, resource, secrets }) => {
    if (resource.type.startsWith('pulumi:providers:')) {
      // Packages add undefined values; booleans and numbers, also as strings, are not secrets.
      const isGiven = (value: unknown) =>
        value !== undefined &&
        value !== null &&
        !/^(true|false|\d*)$/.test(typeof value === 'symbol' ? 'later' : `${value}`);
      const given = Object.entries(resource.props).filter(([key, value]) => credential.test(key) && isGiven(value));
      return given.map(([key]) => `${key} would stand in the state`);
    }
    const open = cloud.userData(type, resource).some((text) => text !== concealed) ? ['user data is not a secret'] : [];
    const texts = textsIn(resource.props);
    const known = [...secrets].some((secret) => texts.some((text) => text.includes(secret)));
    return [...open, ...(known ? ['a known secret is in an input'] : [])];
  },
} as const satisfies Record<string, Rule>;

type RuleName = keyof typeof rules;
const ruleEntries = Object.entries(rules) as [RuleName, Rule][];
const credential = /(accessKey|secret|token|password|credential|certificate)/i;

/** All policy violations of a stack's resources. Components are ours and have nothing at a cloud. */
export function violationsOf(resources: readonly DeclaredResource[], context: PolicyContext): Violation[] {
  const cloud = knowledge[context.spec.cloud];
  return resources.flatMap((resource) => {
    const isProvider = resource.type.startsWith('pulumi:providers:');
    if (!isProvider && !resource.type.startsWith(cloud.prefix)) return [];
    const input = { ...context, cloud, resource, type: isProvider ? '' : cloud.typeOf(resource.type) };
    return ruleEntries
      .filter(([rule]) => !isProvider || rule === 'secret-in-plain-input')
      .flatMap(([rule, check]) =>
        check(input).map((detail) => ({ rule, resource: `${resource.name} (${resource.type})`, detail })),
      );
  });
}

const isWithin = (port: number, from: unknown, to: unknown) =>
  typeof from === 'number' && typeof to === 'number' && from <= port && port <= to;

/** Clouds spell tags differently: labels have no colon and no capitals, some clouds have lists instead of records. */
const plainTag = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');

function tagTexts(tags: unknown): string[] {
  if (Array.isArray(tags)) return tags.map((tag) => plainTag(words(tag)));
  return Object.entries(objectOf(tags)).map(([key, value]) => plainTag(`${key}:${words(value)}`));
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return Object.values(objectOf(value)).flatMap(textsIn);
}

function words(value: unknown): string {
  if (value === later) return 'a value known only to the cloud';
  return value === undefined ? 'nothing' : String(value);
}
