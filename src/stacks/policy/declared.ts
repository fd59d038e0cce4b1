import { setImmediate } from 'node:timers/promises';
import { Output, type ResourceTransformationArgs } from '@pulumi/pulumi';

/** In the place of a value that only the cloud will tell. */
export const later = Symbol('known later');
/** In the place of a value that the state keeps encrypted. */
export const concealed = Symbol('a secret');

/** A resource as a program declares it, with everything of its inputs that is known before anything is created. */
export interface DeclaredResource {
  /** Type token: `aws:ebs/volume:Volume`. */
  type: string;
  /** Logical name inside of the stack. */
  name: string;
  /** Inputs: plain data, in which `later` and `concealed` stand for what cannot or may not be seen. */
  props: Readonly<Record<string, unknown>>;
  protect: boolean;
}

/**
 * Looks at inputs as the program gave them, which are values, promises and outputs. An output is known when nothing
 * but computing lies before it: what has not settled once the event loop comes round waits for the cloud.
 */
export async function reveal(declared: readonly ResourceTransformationArgs[]): Promise<DeclaredResource[]> {
  const found = declared.map(({ type, name, props, opts }) => ({
    ...{ type, name, protect: opts.protect === true },
    props: look(props) as () => Record<string, unknown>,
  }));
  await setImmediate();
  return found.map(({ props, ...rest }) => ({ ...rest, props: props() }));
}

/** What the SDK keeps to itself of an output; `apply` would leave a rejection to nobody. */
interface Innards {
  promise(): Promise<unknown>;
  isSecret: Promise<boolean>;
  isKnown: Promise<boolean>;
}

/** Begins to wait for everything inside of a value; the answer says what has come of it so far. */
function look(value: unknown): () => unknown {
  if (Output.isInstance(value)) {
    const inner = value as unknown as Innards;
    const [content, isSecret, isKnown] = [settling(inner.promise()), settling(inner.isSecret), settling(inner.isKnown)];
    return () => {
      if (isSecret() === true) return concealed;
      // Without the word on whether it is secret a value is not looked at.
      if (isSecret() === later || isKnown() !== true) return later;
      const known = content();
      return known === later ? later : look(known)();
    };
  }
  if (value instanceof Promise) {
    const content = settling(value);
    return () => (content() === later ? later : look(content())());
  }
  if (Array.isArray(value)) {
    const items = value.map(look);
    return () => items.map((item) => item());
  }
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    const entries = Object.entries(value).map(([key, item]) => [key, look(item)] as const);
    return () => Object.fromEntries(entries.map(([key, item]) => [key, item()]));
  }
  return () => value;
}

function settling<T>(promise: Promise<T>): () => T | typeof later {
  let state: T | typeof later = later;
  promise.then(
    (value) => {
      state = value;
    },
    // Whoever needs the value is told; here it is one that never comes.
    () => undefined,
  );
  return () => state;
}
