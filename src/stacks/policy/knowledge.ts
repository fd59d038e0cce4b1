import type { DeclaredResource } from './declared.ts';

/** A port, or a range of them, that something lets in from outside. */
export interface Opening {
  from: unknown;
  to: unknown;
  /** tcp, udp, icmp, any, … */
  protocol: unknown;
}

/** What the rules have to know of a cloud: where its resources say what. Types are without the cloud's prefix. */
export interface CloudKnowledge {
  /** Type tokens of the cloud begin with it. */
  prefix: string;
  /** Type without prefix and API version: `ebs/volume:Volume`, `compute:Disk`. */
  typeOf(token: string): string;
  /** Types that are a data volume by themselves. */
  volumes: ReadonlySet<string>;
  /**
   * Whether each disk that a resource makes is encrypted, by what it is called; nothing where the cloud encrypts every
   * disk and has no switch for it.
   */
  encryption(type: string, resource: DeclaredResource): Record<string, unknown>;
  openings(type: string, resource: DeclaredResource): Opening[];
  /** What of a machine's settings is not as it has to be, by their names: metadata service, ways to sign in. */
  machineFaults(type: string, resource: DeclaredResource): string[];
  /** Inputs that carry the document of the first boot. */
  userData(type: string, resource: DeclaredResource): unknown[];
  /** The input that holds tags, which is a record or a list of `key:value`; null for types that cannot have any. */
  tags(type: string): string | null;
  /** The input that holds the physical name; null for types that have none. */
  naming(type: string): string | null;
}

type Props = Readonly<Record<string, unknown>>;

/** An input that is an object, or an empty one. */
export function objectOf(value: unknown): Props {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Props) : {};
}

/** An input that is a list of objects; what cannot be seen is one object without properties, so that no rule is content. */
export function listOf(value: unknown): Props[] {
  if (Array.isArray(value)) return value.map(objectOf);
  return value === undefined || value === null ? [] : [{}];
}
