import type { CloudName } from '../../src/contracts/stack.ts';
import type { Properties } from '../../src/stacks/provider/properties.ts';

/**
 * What a double of a cloud knows about it: one table per cloud, which drives one implementation for all. A double is no
 * emulation: it knows the resource types that our programs use, refuses what the real cloud would refuse about them, and
 * changes or replaces where the real provider does. It is nowhere in the product, which cannot tell it from the cloud.
 */
export interface CloudTable {
  cloud: Exclude<CloudName, 'local'>;
  /** npm package whose declarations say which inputs a type has, which of them are required and what they hold. */
  package: string;
  /**
   * What the configuration of an installation says so that the product works with the double: settings, endpoint and
   * credentials, as they would be for the real cloud. `wire` is the base address of the cloud's own interface.
   */
  environment(wire: string): Readonly<Record<string, string>>;
  /** By Pulumi's type token. */
  types: Readonly<Record<string, TypeRule>>;
  /** By the token of a function that programs call. */
  functions: Readonly<Record<string, (args: Properties, place: Place, world: World) => Properties>>;
  /** Objects that an account has before anybody makes one, for instance its DNS zone. */
  given(dnsZone: string): Pick<DoubleObject, 'type' | 'id' | 'region' | 'inputs'>[];
  tagsOf(object: DoubleObject): Readonly<Record<string, string>>;
  words: Words;
  /** Which of its objects are machines, and what each has. */
  machines(world: World): MachineView[];
  /** Type of the volumes whose data is deleted with them. */
  volumeType: string;
  /** Who answers for a DNS name; null when the name has no record. */
  answer(name: string, world: World): Answer | null;
}

/** Where something happens; the region is that of the provider's configuration, empty where a cloud has none there. */
export interface Place {
  region: string;
}

export interface DoubleObject extends Place {
  type: string;
  id: string;
  /** As the last create or update wished them. */
  inputs: Properties;
  /** What the cloud added. */
  computed: Properties;
  /** Ms since the epoch. */
  createdAt: number;
}

/** What rules may look at. */
export interface World {
  find(type: string, id: string): DoubleObject | null;
  list(type: string): DoubleObject[];
  /** An id that nothing had before: the prefix and as many hexadecimal digits. */
  newId(prefix: string, digits?: number): string;
  /** A public address that nothing has; of 198.18.0.0/15 (RFC 2544), which leads nowhere. */
  newAddress(): string;
}

export interface Desired extends Place {
  /** Absent before a create. */
  id?: string;
  inputs: Properties;
}

export interface TypeRule {
  /** The id that the object gets, where it does not follow from a prefix. */
  id: string | ((desired: Desired, world: World) => string);
  /** What the cloud adds to the inputs. Called anew after each change, with what it added before. */
  computed?(desired: Desired & { id: string }, world: World, before: Properties): Properties;
  /** Inputs that name other objects, by path (`a.b`, `list[].c`). While they do, those cannot be deleted. */
  references?: Readonly<Record<string, Reference>>;
  /** Inputs whose change needs a new object, by path; every other one changes in place. */
  replaces?: readonly string[];
  /** Inputs of a machine whose change in place stops and starts it. */
  restarts?: readonly string[];
  /**
   * Name of what there can be only one of, account-wide; null or absent where a repeat silently makes another object, as
   * most clouds do with most things.
   */
  unique?(desired: Desired): string | null;
  /** The object that a create finds there already and answers with, where the provider or the cloud does that. */
  adopts?(desired: Desired, world: World): DoubleObject | undefined;
  /** Any other refusal, in the cloud's words; null when there is none. */
  refuse?(desired: Desired & { before?: Properties }, world: World): string | null;
  /** Why an object cannot be deleted now, in the cloud's words; null when nothing is in the way. */
  refuseDelete?(object: DoubleObject, world: World): string | null;
  /** Input that refuses a delete while it is true; `unless` names one by which the provider lifts that by itself. */
  protection?: { input: string; unless?: string };
}

export interface Reference {
  type: string;
  /** Property of the other object that is named; its id when absent. */
  by?: string;
  /** Input that both have in common, where names mean something inside of it alone. */
  within?: string;
  /**
   * What becomes of this object when the other one is deleted: the delete is refused (absent), it ends too, or it stays.
   * `released`: the real provider takes it away before it deletes the other one, while the cloud's own interface refuses.
   */
  onDelete?: 'ends' | 'stays' | 'released';
  /** Input of the other object without which its provider releases nothing. */
  releasedIf?: string;
}

/** The cloud's own words. What our reader of errors makes of them is part of what the tests show. */
export interface Words {
  missing(about: { type: string; id: string }): string;
  inUse(about: { type: string; id: string; by: string }): string;
  taken(about: { type: string; name: string }): string;
  protected(about: { type: string; id: string; input: string }): string;
  /** Refusals that are asked for. */
  scripted: Readonly<Record<Refused, (about: { type: string; zone: string }) => string>>;
}

export const refused = ['quota', 'capacity', 'throttled', 'expired', 'denied', 'unavailable'] as const;
export type Refused = (typeof refused)[number];

/** A machine as the platform needs to know it to start a host process in its place. */
export interface MachineView {
  id: string;
  /** The document of its first boot. */
  userData: string;
  isOn: boolean;
  /** Id of the data volume that is attached. */
  volumeId: string | null;
  /** Whether the outside reaches it: by an address of its own or by a load balancer. */
  isReached: boolean;
}

export interface Answer {
  /** Machines that serve the name, in the order in which they are tried. */
  machineIds: string[];
  /** Seconds. */
  ttl: number;
}
