import type { CloudName } from '../../src/contracts/stack.ts';
import type { Properties } from '../../src/stacks/provider/properties.ts';

/**
 * The rules of one emulated cloud: one table per cloud, interpreted by one implementation. Only the resource types that
 * our programs use are covered: the emulator refuses what the real cloud would refuse about them, and changes or
 * replaces where the real provider does. Product code never imports it and cannot distinguish it from the cloud.
 */
export interface CloudTable {
  cloud: Exclude<CloudName, 'local'>;
  /** npm package whose declarations define the inputs of each type: names, required ones, value types. */
  package: string;
  /**
   * The configuration with which the product uses the emulator: settings, endpoint and credentials, as for the real
   * cloud. `wire` is the base URL of the cloud's own API.
   */
  environment(wire: string): Readonly<Record<string, string>>;
  /** By Pulumi's type token. */
  types: Readonly<Record<string, TypeRule>>;
  /** By the token of a function that programs call. */
  functions: Readonly<Record<string, (args: Properties, place: Place, world: World) => Properties>>;
  /** Objects that an account has from the start, for instance its DNS zone. */
  given(dnsZone: string): Pick<DoubleObject, 'type' | 'id' | 'region' | 'inputs'>[];
  tagsOf(object: DoubleObject): Readonly<Record<string, string>>;
  words: ErrorTexts;
  /** Its machines and what each has. */
  machines(world: World): MachineView[];
  /** Type of the volumes whose data is deleted with them. */
  volumeType: string;
  /** The answer for a DNS name; null if the name has no record. */
  answer(name: string, world: World): Answer | null;
}

/** Where a call happens; the region is that of the provider's configuration, empty if the cloud has none there. */
export interface Place {
  region: string;
}

export interface DoubleObject extends Place {
  type: string;
  id: string;
  /** As given by the last create or update. */
  inputs: Properties;
  /** What the cloud added. */
  computed: Properties;
  /** Ms since the epoch. */
  createdAt: number;
}

/** What rules can read. */
export interface World {
  find(type: string, id: string): DoubleObject | null;
  list(type: string): DoubleObject[];
  /** An unused id: the prefix and the given number of hexadecimal digits. */
  newId(prefix: string, digits?: number): string;
  /** An unused public address from 198.18.0.0/15 (RFC 2544), which is not routed. */
  newAddress(): string;
}

export interface Desired extends Place {
  /** Absent before a create. */
  id?: string;
  inputs: Properties;
}

export interface TypeRule {
  /** The id of the object, if it does not follow from a prefix. */
  id: string | ((desired: Desired, world: World) => string);
  /** What the cloud adds to the inputs. Called again after each change, with what it added before. */
  computed?(desired: Desired & { id: string }, world: World, before: Properties): Properties;
  /** Inputs that refer to other objects, by path (`a.b`, `list[].c`). While they do, those cannot be deleted. */
  references?: Readonly<Record<string, Reference>>;
  /** Inputs whose change requires a new object, by path; all others change in place. */
  replaces?: readonly string[];
  /** Inputs of a machine whose change in place restarts it. */
  restarts?: readonly string[];
  /**
   * Name that must be unique in the account; null or absent if a repetition silently makes another object, as most
   * clouds do with most types.
   */
  unique?(desired: Desired): string | null;
  /** The existing object that a create adopts, if the provider or the cloud does that. */
  adopts?(desired: Desired, world: World): DoubleObject | undefined;
  /** Any other refusal, as the cloud's message; null if there is none. */
  refuse?(desired: Desired & { before?: Properties }, world: World): string | null;
  /** Why an object cannot be deleted now, as the cloud's message; null if it can. */
  refuseDelete?(object: DoubleObject, world: World): string | null;
  /** Input that prevents deletion while it is true; `unless` names one with which the provider lifts it itself. */
  protection?: { input: string; unless?: string };
}

export interface Reference {
  type: string;
  /** Property of the other object that the reference contains; its id if absent. */
  by?: string;
  /** Input that both must share, if names are unique only within it. */
  within?: string;
  /**
   * What happens to this object when the other one is deleted: the delete is refused (absent), it is deleted too, or it
   * stays. `released`: the real provider removes it before it deletes the other one, while the cloud's own API refuses.
   */
  onDelete?: 'ends' | 'stays' | 'released';
  /** Input of the other object without which its provider releases nothing. */
  releasedIf?: string;
}

/** The cloud's own messages. How our error recognition maps them is part of what the tests check. */
export interface ErrorTexts {
  missing(about: { type: string; id: string }): string;
  inUse(about: { type: string; id: string; by: string }): string;
  taken(about: { type: string; name: string }): string;
  protected(about: { type: string; id: string; input: string }): string;
  /** Scripted refusals. */
  scripted: Readonly<Record<Refused, (about: { type: string; zone: string }) => string>>;
}

export const refused = ['quota', 'capacity', 'throttled', 'expired', 'denied', 'unavailable'] as const;
export type Refused = (typeof refused)[number];

/** The data of a machine that is needed to run a host process for it. */
export interface MachineView {
  id: string;
  /** Its first-boot document. */
  userData: string;
  isOn: boolean;
  /** Id of the attached data volume. */
  volumeId: string | null;
  /** Whether it is reachable from outside: by its own address or through a load balancer. */
  isReached: boolean;
}

export interface Answer {
  /** Machines that serve the name, in the order in which they are tried. */
  machineIds: string[];
  /** Seconds. */
  ttl: number;
}
