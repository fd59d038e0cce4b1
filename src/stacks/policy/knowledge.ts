import type { DeclaredResource } from './declared.ts';

/** A port, or a range of ports, open to the outside. */
export interface Opening {
  from: unknown;
  to: unknown;
  /** tcp, udp, icmp, any, … */
  protocol: unknown;
}

/**
 * What the policies need to know about a cloud: which inputs hold which facts. Types are without the cloud's prefix.
 */
export interface CloudKnowledge {
  /** Prefix of the cloud's type tokens. */
  prefix: string;
  /** Type without prefix and API version: `ebs/volume:Volume`, `compute:Disk`. */
  typeOf(token: string): string;
  /** Types that are data volumes. */
  volumes: ReadonlySet<string>;
  /** Whether each disk of a resource is encrypted, by a name for the disk; empty if the cloud always encrypts. */
  encryption(type: string, resource: DeclaredResource): Record<string, unknown>;
  openings(type: string, resource: DeclaredResource): Opening[];
  /** Settings of a machine that are not locked down, by name: metadata service, sign-in methods. */
  machineFaults(type: string, resource: DeclaredResource): string[];
  /** Inputs that contain the first-boot document. */
  userData(type: string, resource: DeclaredResource): unknown[];
  /** The input with the tags, a record or a list of `key:value`; null for types without tags. */
  tags(type: string): string | null;
  /** The input with the physical name; null for types without one. */
  naming(type: string): string | null;
}

type Props = Readonly<Record<string, unknown>>;

/** An input that is an object, otherwise an empty one. */
export function objectOf(value: unknown): Props {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Props) : {};
}

/**
 * An input that is a list of objects; an unknown one becomes one object without properties, so that it violates the
 * policies.
 */
export function listOf(value: unknown): Props[] {
  if (Array.isArray(value)) return value.map(objectOf);
  return value === undefined || value === null ? [] : [{}];
}
