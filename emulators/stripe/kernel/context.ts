import type { Stripe } from 'stripe';
import type { z } from 'zod';
import type { Log } from '../../../src/runtime/log.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import type { Database } from './database.ts';
import type { Deliveries } from './deliveries.ts';
import type { Faults } from './faults.ts';
import type { Kind, Kinds, Store, Stored } from './store.ts';

/** The one API version that this emulator renders: that of the SDK it is built against. */
export const apiVersion = '2026-10-28.endive';

/** The parts that live as long as the process. */
export interface Emulator {
  config: Config;
  database: Database;
  store: Store;
  clock: Clock;
  faults: Faults;
  deliveries: Deliveries;
  resources: Map<string, Resource>;
  log: Log;
}

/** One request, or one expired timer; everything it does is one database transaction. */
export interface Context extends Emulator {
  /** The cause given in events. */
  request: Stripe.Event.Request;
  /** The caller holds a publishable key: a browser, which must know the object's client secret. */
  publishable: boolean;
}

/** How one kind of object is shown, which requests it accepts, and the effects of its timers. */
export interface Resource<K extends Kind = Kind> {
  object: K;
  /** Dotted paths whose ids a caller may expand. */
  expandable?: readonly string[];
  /** Fields that are left out unless a caller expands them. */
  included?: Record<string, (ctx: Context, body: Kinds[K]) => unknown>;
  /** Adds what is stored elsewhere: lines, items, counts. */
  render?(ctx: Context, body: Kinds[K]): Kinds[K];
  routes: readonly Route[];
  /** By kind of timer: the effect on the object when it expires. */
  timers?: Record<string, (ctx: Context, objectId: string) => void>;
}

/** The answer of a route: an object, a page of objects, or the stub of a deleted one. */
export type Answer = Stored | Stripe.ApiList<Stored> | { id: string; object: string; deleted: true };

export interface Route {
  method: 'GET' | 'POST' | 'DELETE';
  /** Path with `:id` placeholders. */
  path: string;
  params: z.ZodType;
  /** Open to browsers with a publishable key. */
  publishable: boolean;
  handle(ctx: Context, params: unknown, path: Record<string, string>): Answer;
}

/** A route whose handler sees its parameters parsed and typed. */
export function route<Schema extends z.ZodType>(definition: {
  method: Route['method'];
  path: string;
  params: Schema;
  publishable?: boolean;
  handle: (ctx: Context, params: z.output<Schema>, path: { id: string }) => Answer;
}): Route {
  return { publishable: false, ...definition, handle: definition.handle as Route['handle'] };
}

/** A resource, typed by its kind where it is defined and by any kind where resources are collected. */
export function resource<K extends Kind>(definition: Resource<K>): Resource {
  return definition as unknown as Resource;
}
